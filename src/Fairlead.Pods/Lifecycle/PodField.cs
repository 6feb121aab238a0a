using System.Text;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Fields of a pod as variables and files show them (the downward API).</summary>
internal static class PodField
{
    internal static string Of(PodSpec pod, string path, IReadOnlyList<string> addresses, string hostAddress) => path switch
    {
        "metadata.name" => pod.Name,
        "metadata.namespace" => pod.Namespace,
        "metadata.uid" => pod.Uid,
        "metadata.labels" => Lines(pod.Labels),
        "metadata.annotations" => Lines(pod.Annotations),
        "spec.nodeName" => pod.NodeName,
        "spec.serviceAccountName" => pod.Document["spec"].TextOr("default", "serviceAccountName"),
        "status.podIP" => addresses.Count > 0 ? addresses[0] : "",
        "status.podIPs" => string.Join(',', addresses),
        "status.hostIP" or "status.hostIPs" => hostAddress,
        _ when Key(path, "metadata.labels['") is { } key => pod.Labels.GetValueOrDefault(key) ?? "",
        _ when Key(path, "metadata.annotations['") is { } key => pod.Annotations.GetValueOrDefault(key) ?? "",
        _ => "",
    };

    private static string? Key(string path, string start) =>
        path.StartsWith(start, StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal) && path.Length >= start.Length + 2
            ? path[start.Length..^2] : null;

    /// <summary>One <c>key="value"</c> per line, in order of key, as kubelet writes them.</summary>
    private static string Lines(IReadOnlyDictionary<string, string> map)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var quoted = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(text.Length > 0 ? "\n" : "").Append(key).Append("=\"").Append(quoted).Append('"');
        }

        return text.ToString();
    }
}
