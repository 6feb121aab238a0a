using Fairlead.Linux.Namespaces;

namespace Fairlead.Pods.Containers;

/// <summary>Who a container's processes are, and what they may do.</summary>
internal sealed record Identification
{
    internal uint User { get; init; }

    internal uint Group { get; init; }

    internal uint[] Groups { get; init; } = [];

    internal ulong Capabilities { get; init; } = Containers.Capabilities.Default;

    internal bool NoNewPrivileges { get; init; }

    /// <summary>Makes the calling thread so, for good.</summary>
    internal void Assume()
    {
        if (NoNewPrivileges)
        {
            Credentials.ForbidNewPrivileges();
        }

        Credentials.Set(User, Group, Groups, Capabilities);
    }
}
