using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Files;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>The tokens of a pod's service account, as files of its volumes; asked for when missing, and again when four fifths of their time are over, as kubelet does.</summary>
internal sealed class PodTokens(PodsContext context, PodSpec pod)
{
    private const int DefaultSeconds = 3600;
    private const double Share = 0.8;
    private const uint GroupRead = 0x120;

    private readonly uint? _group = (uint?)pod.Document["spec"].Object("securityContext").Number("fsGroup");

    /// <summary>Sees to it that the file of a projected token is there and good for a while.</summary>
    /// <param name="directory">The volume's directory.</param>
    /// <param name="source">core/v1 ServiceAccountTokenProjection.</param>
    /// <param name="mode">Permission bits of the file.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ContainerConfigFailure">There is no such account any more.</exception>
    internal async Task WriteAsync(string directory, JsonObject source, int mode, CancellationToken cancellationToken)
    {
        var seconds = source.Number(DefaultSeconds, "expirationSeconds");
        var file = Path.Join(directory, source.Text("path"));
        var now = context.Time.GetUtcNow();
        if (File.Exists(file) && new DateTimeOffset(File.GetLastWriteTimeUtc(file)).AddSeconds(seconds * Share) > now)
        {
            return;
        }

        var token = await RequestAsync(source.Text("audience"), seconds, cancellationToken);
        using (var tree = ConfinedTree.Open(directory))
        {
            tree.Write(source.Text("path"), Encoding.UTF8.GetBytes(token), ((uint)mode & 0x1FF) | (_group is null ? 0 : GroupRead), _group);
        }

        File.SetLastWriteTimeUtc(file, now.UtcDateTime);
    }

    private async Task<string> RequestAsync(string audience, int seconds, CancellationToken cancellationToken)
    {
        var account = pod.Document["spec"].TextOr("default", "serviceAccountName");
        var request = new JsonObject
        {
            ["kind"] = "TokenRequest",
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["spec"] = new JsonObject
            {
                ["audiences"] = audience.Length > 0 ? new JsonArray(audience) : [],
                ["expirationSeconds"] = seconds,
                ["boundObjectRef"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["name"] = pod.Name, ["uid"] = pod.Uid },
            },
        };
        try
        {
            var answer = await context.Api.UpdateAsync(ResourceTypes.ServiceAccounts, pod.Namespace, account, "token", request, cancellationToken);
            return answer["status"].Text("token");
        }
        catch (KubeException e) when (e.Code is 400 or 404 or 409 or 422)
        {
            throw new ContainerConfigFailure($"no token for service account {pod.Namespace}/{account}: {e.Message}");
        }
    }
}
