namespace Fairlead.Linux.Addresses;

/// <summary>Transport protocols by their IANA number, as the kernel and nf_tables use them.</summary>
public enum IpProtocol : byte
{
    /// <summary>Any protocol, where a rule allows that.</summary>
    Any = 0,

    /// <summary>ICMP for IPv4 (RFC 792).</summary>
    Icmp = 1,

    /// <summary>TCP (RFC 9293).</summary>
    Tcp = 6,

    /// <summary>UDP (RFC 768).</summary>
    Udp = 17,

    /// <summary>ICMP for IPv6 (RFC 4443).</summary>
    IcmpV6 = 58,

    /// <summary>SCTP (RFC 9260).</summary>
    Sctp = 132,
}

/// <summary>Words for protocols.</summary>
public static class IpProtocolText
{
    /// <summary>The name in capitals, as Kubernetes writes it: TCP, UDP, SCTP.</summary>
    public static string Text(this IpProtocol protocol) => protocol.ToString().ToUpperInvariant();
}
