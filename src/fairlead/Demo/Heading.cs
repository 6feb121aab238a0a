namespace Fairlead.Demo;

/// <summary>A heading of the lesson.</summary>
/// <param name="Key">What <c>--only</c> takes.</param>
/// <param name="Title">What is printed above its checks.</param>
internal sealed record Heading(string Key, string Title)
{
    /// <summary>How pods, nodes and the outside reach each other.</summary>
    public static readonly Heading Network = new("network", "Networking model");

    /// <summary>Addresses inside the cluster.</summary>
    public static readonly Heading ClusterIP = new("clusterip", "ClusterIP");

    /// <summary>A port on every node.</summary>
    public static readonly Heading NodePort = new("nodeport", "NodePort");

    /// <summary>Addresses from outside.</summary>
    public static readonly Heading LoadBalancer = new("loadbalancer", "LoadBalancer");

    /// <summary>HTTP from outside.</summary>
    public static readonly Heading Ingress = new("ingress", "Ingress");

    /// <summary>Services without an address.</summary>
    public static readonly Heading Headless = new("headless", "Headless Service");

    /// <summary>Names.</summary>
    public static readonly Heading Dns = new("dns", "DNS");

    /// <summary>Who may reach whom.</summary>
    public static readonly Heading Policy = new("policy", "NetworkPolicy");

    /// <summary>What the lesson ends with.</summary>
    public static readonly Heading Takeaways = new("takeaways", "Key takeaways");

    /// <summary>All of them, in the lesson's order.</summary>
    public static readonly IReadOnlyList<Heading> All = [Network, ClusterIP, NodePort, LoadBalancer, Ingress, Headless, Dns, Policy, Takeaways];
}
