using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Cluster;

/// <summary>What the rooms of one node tell each other about that node. Each table says who writes it.</summary>
public sealed class NodeTables
{
    /// <summary>
    /// Interfaces plugged on this node by <c>containerID/ifname</c>. The CNI room writes it at ADD, before the interface is handed over, and at DEL;
    /// initialized once the attachments of an earlier run have been read.
    /// </summary>
    public Table<string, AttachmentRow> Attachments { get; } = new("attachments");

    /// <summary>Pods of this node whose verdicts are in the kernel. The policy room writes it; the CNI room waits for it.</summary>
    public Table<ObjectKey, EnforcedRow> Enforced { get; } = new("enforced pods");
}
