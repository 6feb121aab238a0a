using System.Net.NetworkInformation;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>Chooses the API server's port.</summary>
internal static class ApiPorts
{
    private const int First = 6443;
    private const int Count = 100;

    /// <summary>The wanted port if nobody listens on it, else the first of 6443 to 6542 that nobody does.</summary>
    /// <param name="wanted">The port of the cluster's last life; 0 for a new cluster.</param>
    /// <exception cref="UserError">All of them are taken.</exception>
    public static int Choose(int wanted)
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port).ToHashSet();
        return Choose(wanted, taken) ?? throw new UserError($"no port from {First} to {First + Count - 1} is free for the API server", "`ss -ltn` shows who has them");
    }

    /// <summary>As above, with the taken ports given; null when all are taken.</summary>
    internal static int? Choose(int wanted, IReadOnlySet<int> taken) => wanted > 0 && !taken.Contains(wanted)
        ? wanted
        : Enumerable.Range(First, Count).Where(port => !taken.Contains(port)).Select(port => (int?)port).FirstOrDefault();
}
