namespace Fairlead.Cni.Plugin;

/// <summary>Error codes of the CNI specification 1.1.0 ("Error"), and from 100 on ours.</summary>
public enum CniErrorCode
{
    /// <summary>The configuration's cniVersion is none of ours.</summary>
    IncompatibleVersion = 1,

    /// <summary>The configuration asks for something we do not do.</summary>
    UnsupportedField = 2,

    /// <summary>No such container.</summary>
    UnknownContainer = 3,

    /// <summary>An environment variable is missing or wrong.</summary>
    InvalidEnvironment = 4,

    /// <summary>Reading or writing failed.</summary>
    IoFailure = 5,

    /// <summary>The input is not JSON.</summary>
    DecodingFailure = 6,

    /// <summary>The configuration is wrong.</summary>
    InvalidConfiguration = 7,

    /// <summary>Not now: the runtime tries again.</summary>
    TryAgainLater = 11,

    /// <summary>STATUS: not ready to add containers.</summary>
    NotAvailable = 50,

    /// <summary>The container has an interface of that name already.</summary>
    InterfaceExists = 100,

    /// <summary>CHECK: what is there is not what was made.</summary>
    Damaged = 101,

    /// <summary>No address is left in the node's pod range.</summary>
    NoAddressLeft = 102,

    /// <summary>Another pod of the node has that host port.</summary>
    HostPortTaken = 103,

    /// <summary>The kernel or the file system refused.</summary>
    Failed = 110,
}
