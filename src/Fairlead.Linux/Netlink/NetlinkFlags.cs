namespace Fairlead.Linux.Netlink;

/// <summary>Flags of a netlink message (<c>NLM_F_*</c>, <c>linux/netlink.h</c>).</summary>
[Flags]
public enum NetlinkFlags : ushort
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>NLM_F_REQUEST: set on everything sent to the kernel.</summary>
    Request = 0x1,

    /// <summary>NLM_F_MULTI: one part of an answer that ends with NLMSG_DONE.</summary>
    Multi = 0x2,

    /// <summary>NLM_F_ACK: answer with an acknowledgement also when all is well.</summary>
    Ack = 0x4,

    /// <summary>NLM_F_ECHO: answer with the object as it was made.</summary>
    Echo = 0x8,

    /// <summary>NLM_F_DUMP_INTR: the dump changed while it ran.</summary>
    DumpInterrupted = 0x10,

    /// <summary>NLM_F_DUMP (NLM_F_ROOT and NLM_F_MATCH): return all objects. For GET requests only.</summary>
    Dump = 0x300,

    /// <summary>NLM_F_REPLACE: change an object that exists. For NEW requests only.</summary>
    Replace = 0x100,

    /// <summary>NLM_F_EXCL: fail if the object exists. For NEW requests only.</summary>
    Exclusive = 0x200,

    /// <summary>NLM_F_CREATE: make the object if there is none. For NEW requests only.</summary>
    Create = 0x400,

    /// <summary>NLM_F_APPEND: add at the end of a list. For NEW requests only.</summary>
    Append = 0x800,
}
