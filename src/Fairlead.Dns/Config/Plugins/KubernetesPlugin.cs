using Fairlead.Kube.Selectors;

namespace Fairlead.Dns.Config.Plugins;

/// <summary>Reads <c>kubernetes [ZONES…] { … }</c>.</summary>
internal static class KubernetesPlugin
{
    // A name has 255 bytes at most (RFC 1035 §2.3.4): Service and namespace with 63 each, and "svc".
    private const int LongestZone = 100;

    /// <summary>The block with what the plugin says.</summary>
    public static ServerBlock Read(PluginReader reader)
    {
        var zones = reader.ZonesOr(reader.Arguments, reader.Block.Zones);
        if (!zones.Any(zone => zone.Length > 0 && !Kubernetes.AddressNames.IsReverse(zone)))
        {
            reader.Error("names no zone of a cluster, such as cluster.local");
        }

        if (zones.Contains(""))
        {
            reader.Error("the root is no zone of a cluster; name one, such as cluster.local");
        }

        if (zones.Any(zone => zone.Length > LongestZone))
        {
            reader.Error($"a cluster's zone has at most {LongestZone} characters, so that the names of Services fit below it");
        }

        var options = new KubernetesOptions { Zones = zones };
        foreach (var option in reader.Options)
        {
            options = Option(reader, option, options);
        }

        if (options.Namespaces.Count > 0 && options.NamespaceLabels is not null)
        {
            reader.Error("namespaces and namespace_labels exclude each other");
        }

        foreach (var zone in options.Multicluster.Where(zone => !zones.Contains(zone)))
        {
            reader.Error($"multicluster: {zone} is none of the plugin's zones");
        }

        return reader.Block with { Kubernetes = options };
    }

    private static KubernetesOptions Option(PluginReader reader, CorefileDirective option, KubernetesOptions options)
    {
        switch (option.Name)
        {
            case "pods":
                return options with { Pods = Pods(reader, option) };
            case "ttl":
                reader.Expect(option, 1, 1);
                return options with { Ttl = (uint)reader.Number(option, 0, 0, 3600, 5) };
            case "fallthrough":
                return options with { Fallthrough = reader.ZonesOr(option.Arguments, [""]) };
            case "endpoint_pod_names" when reader.Expect(option, 0, 0):
                return options with { EndpointPodNames = true };
            case "noendpoints" when reader.Expect(option, 0, 0):
                return options with { NoEndpoints = true };
            case "zonal" when reader.Expect(option, 0, 0):
                return options with { Zonal = true };
            case "multicluster" when option.Arguments.Count > 0 && reader.Expect(option, 1, int.MaxValue):
                return options with { Multicluster = [.. options.Multicluster, .. reader.Zones(option.Arguments)] };
            case "ignore" when option.Arguments is ["empty_service"]:
                return options with { IgnoreEmptyService = true };
            case "namespaces" when reader.Expect(option, 1, int.MaxValue):
                return options with { Namespaces = [.. options.Namespaces, .. option.Arguments] };
            case "namespace_labels" when Selector(reader, option) is { } selector:
                return options with { NamespaceLabels = selector };
            case "labels" when Selector(reader, option) is { } selector:
                return options with { Labels = selector };
            default:
                Other(reader, option);
                return options;
        }
    }

    private static void Other(PluginReader reader, CorefileDirective option)
    {
        switch (option.Name)
        {
            case "endpoint" or "tls" or "kubeconfig":
                reader.Warn(option, "has no effect: the node agent's own connection to the API server is used");
                break;
            case "startup_timeout" or "resyncperiod" or "upstream" or "apiserver_qps" or "apiserver_burst" or "apiserver_max_inflight":
                reader.Warn(option, "has no effect here");
                break;
            case "multicluster":
                reader.Warn(option, "names no zone: no names of other clusters' Services are served");
                break;
            case "ignore":
                reader.Error(option, "only empty_service can be ignored");
                break;
            case "endpoint_pod_names" or "noendpoints" or "zonal" or "namespaces" or "namespace_labels" or "labels":
                break;
            default:
                reader.Unknown(option);
                break;
        }
    }

    private static PodNames Pods(PluginReader reader, CorefileDirective option)
    {
        switch (option.Arguments)
        {
            case ["disabled"]:
                return PodNames.Disabled;
            case ["insecure"]:
                return PodNames.Insecure;
            case ["verified"]:
                return PodNames.Verified;
            default:
                reader.Error(option, "is one of disabled, insecure and verified");
                return PodNames.Disabled;
        }
    }

    private static LabelSelector? Selector(PluginReader reader, CorefileDirective option)
    {
        if (!reader.Expect(option, 1, int.MaxValue))
        {
            return null;
        }

        try
        {
            return LabelSelectorParser.Parse(string.Join(' ', option.Arguments));
        }
        catch (FormatException e)
        {
            reader.Error(option, e.Message);
            return null;
        }
    }
}
