using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.Balancer.Announce;

/// <summary>Who answers for a balancer address. <see cref="Owner"/> is empty while no node may: then nobody answers.</summary>
/// <param name="Address">The address.</param>
/// <param name="Service">The Service it belongs to.</param>
/// <param name="Owner">Name of the node that answers.</param>
/// <param name="IsOurs">This node is the owner.</param>
public sealed record AnnouncementRow(IpAddr Address, ObjectKey Service, string Owner, bool IsOurs);
