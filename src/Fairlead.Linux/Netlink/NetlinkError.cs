namespace Fairlead.Linux.Netlink;

/// <summary>One refusal among the answers to a request of one or more messages.</summary>
/// <param name="MessageIndex">Which message of the request, from 0.</param>
/// <param name="Errno">The error number.</param>
/// <param name="Text">The kernel's explanation (NLMSGERR_ATTR_MSG); empty when it gave none.</param>
/// <param name="AttributeOffset">Offset within that message of the attribute at fault (NLMSGERR_ATTR_OFFS); 0 when not said.</param>
public readonly record struct NetlinkError(int MessageIndex, Errno Errno, string Text, uint AttributeOffset);
