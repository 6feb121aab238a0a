using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Conntrack;

/// <summary>The tracked flows of one network namespace, for those who end some of them.</summary>
public interface IFlows
{
    /// <summary>Deletes the flows of one family that <paramref name="condition"/> holds for.</summary>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="LinuxException">Refused; some may be deleted all the same.</exception>
    int DeleteWhere(IpFamily family, Func<ConntrackFlow, bool> condition);
}
