namespace Fairlead.Cluster.Naming;

/// <summary>What one end of a connection is named by.</summary>
public enum EndKind
{
    /// <summary>A pod: what a name without a kind means.</summary>
    Pod,

    /// <summary>The pods of a Deployment.</summary>
    Deployment,

    /// <summary>The pods of a ReplicaSet.</summary>
    ReplicaSet,

    /// <summary>The pods of a StatefulSet.</summary>
    StatefulSet,

    /// <summary>The pods of a DaemonSet.</summary>
    DaemonSet,

    /// <summary>The pods of a Job.</summary>
    Job,

    /// <summary>The pods of a CronJob.</summary>
    CronJob,

    /// <summary>A Service: as a destination, its endpoints.</summary>
    Service,

    /// <summary>A Node.</summary>
    Node,

    /// <summary>Every pod of a namespace.</summary>
    Namespace,

    /// <summary>An address, or a range of them.</summary>
    Address,

    /// <summary>Somebody who is no part of the cluster.</summary>
    Outside,
}
