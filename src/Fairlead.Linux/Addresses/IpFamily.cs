namespace Fairlead.Linux.Addresses;

/// <summary>
/// What differs between IPv4 and IPv6, as one value, so that no code has a branch per family.
/// </summary>
public sealed class IpFamily
{
    /// <summary>IPv4.</summary>
    public static readonly IpFamily V4 = new() { Name = "IPv4", AddressFamily = 2, Bits = 32 };

    /// <summary>IPv6.</summary>
    public static readonly IpFamily V6 = new() { Name = "IPv6", AddressFamily = 10, Bits = 128 };

    private IpFamily()
    {
    }

    /// <summary>Both families, IPv4 first.</summary>
    public static IReadOnlyList<IpFamily> All { get; } = [V4, V6];

    /// <summary>The name Kubernetes gives it: <c>IPv4</c> or <c>IPv6</c>.</summary>
    public required string Name { get; init; }

    /// <summary>AF_INET (2) or AF_INET6 (10), as in <c>linux/socket.h</c>.</summary>
    public required byte AddressFamily { get; init; }

    /// <summary>Length of an address in bits: 32 or 128.</summary>
    public required int Bits { get; init; }

    /// <summary>Length of an address in bytes: 4 or 16.</summary>
    public int Bytes => Bits / 8;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
