namespace Fairlead.Linux;

/// <summary>
/// Kernel parameters under <c>/proc/sys</c>. Those under <c>net/</c> are of the calling thread's network namespace. Names are paths with slashes,
/// because interface names may have dots: <c>net/ipv4/conf/eth0/proxy_arp</c>.
/// </summary>
public static class Sysctl
{
    private const string Root = "/proc/sys/";

    /// <summary>Reads a value, without the line's end.</summary>
    /// <exception cref="IOException">No such parameter.</exception>
    public static string Read(string name) => File.ReadAllText(Root + name).TrimEnd('\n');

    /// <summary>Whether the parameter exists; those of IPv6 do not where it is switched off.</summary>
    public static bool Exists(string name) => File.Exists(Root + name);

    /// <summary>Writes a value unless it is set already.</summary>
    /// <returns>Whether it was written.</returns>
    /// <exception cref="IOException">No such parameter, or the kernel refuses the value.</exception>
    /// <exception cref="UnauthorizedAccessException">/proc/sys is read-only.</exception>
    public static bool Write(string name, string value)
    {
        if (Read(name) == value)
        {
            return false;
        }

        File.WriteAllText(Root + name, value);
        return true;
    }
}
