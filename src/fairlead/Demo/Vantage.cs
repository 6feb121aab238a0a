using System.Net;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Demo;

/// <summary>A place to try things from: the network namespace of a pod, of a node, or of the host outside.</summary>
/// <param name="Name">The pod, the node, or <c>host</c>.</param>
/// <param name="Netns">Path of its network namespace.</param>
/// <param name="Address">Its own address.</param>
internal sealed record Vantage(string Name, string Netns, IPAddress Address)
{
    /// <summary>The pod's namespace; empty for nodes and the host.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The pod's label <c>app</c>; empty for nodes and the host.</summary>
    public string App { get; init; } = "";

    /// <summary>The pod's node, or the node itself; empty for the host.</summary>
    public string Node { get; init; } = "";

    /// <summary>The pod's resolv.conf; empty for nodes and the host.</summary>
    public string ResolvConf { get; init; } = "";

    /// <summary>Opens something there; what is opened stays there, whoever uses it.</summary>
    public T Open<T>(Func<T> open)
    {
        using var netns = NetNamespace.Open(Netns);
        return netns.Run(open);
    }
}
