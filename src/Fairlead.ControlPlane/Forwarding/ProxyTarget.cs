using System.Globalization;

namespace Fairlead.ControlPlane.Forwarding;

/// <summary>Where a proxied request goes: an address as <paramref name="Node"/> reaches it, or the node's kubelet, which is the pods role.</summary>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Node">Name of the node from which to connect.</param>
/// <param name="Address">The address in canonical form.</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
/// <param name="IsKubelet">True when the node's kubelet is meant.</param>
internal sealed record ProxyTarget(string Scheme, string Node, string Address, int Port, bool IsKubelet = false)
{
    /// <summary>Address and port as a URL has them.</summary>
    public string Authority
    {
        get
        {
            var host = Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]" : Address;
            return Port == (Scheme == "https" ? 443 : 80) ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");
        }
    }
}
