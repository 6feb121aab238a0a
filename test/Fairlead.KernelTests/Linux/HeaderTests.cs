using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Fairlead.Linux;
using Fairlead.Linux.Conntrack;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Netlink;
using Fairlead.Linux.Nflog;
using Fairlead.Linux.Packets;
using Fairlead.Linux.Route;
using Fairlead.Linux.Syscalls;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Linux;

/// <summary>Holds every struct and number we wrote down to the machine's own headers: a C program of assertions that must compile.</summary>
public sealed class HeaderTests
{
    private const string Includes = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <net/if.h>
        #include <poll.h>
        #include <sched.h>
        #include <signal.h>
        #include <spawn.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/ioctl.h>
        #include <sys/mount.h>
        #include <sys/prctl.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <sys/wait.h>
        #include <linux/bpf_common.h>
        #include <linux/capability.h>
        #include <linux/if_addr.h>
        #include <linux/if_link.h>
        #include <linux/if_packet.h>
        #include <linux/neighbour.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/sock_diag.h>
        #include <linux/veth.h>
        #include <linux/netfilter/nfnetlink.h>
        #include <linux/netfilter/nfnetlink_conntrack.h>
        #include <linux/netfilter/nf_conntrack_common.h>
        #include <linux/netfilter/nfnetlink_log.h>
        #ifndef P_PIDFD
        #define P_PIDFD 3
        #endif

        """;

    [Fact]
    public void Numbers_are_those_of_the_headers()
    {
        var program = new StringBuilder(Includes);
        foreach (var type in new[] { typeof(Libc), typeof(Rt) })
        {
            var constants = type.GetFields(BindingFlags.NonPublic | BindingFlags.Static)
                .Where(field => field.Name.Contains('_', StringComparison.Ordinal) && field.FieldType.IsPrimitive);
            foreach (var constant in constants)
            {
                Equal(program, constant.Name, Convert.ToInt64(constant.GetValue(null) is nint or nuint ? $"{constant.GetValue(null)}" : constant.GetValue(null), null));
            }
        }

        foreach (var errno in Enum.GetValues<Errno>().Where(errno => errno != Errno.None))
        {
            Equal(program, $"{errno}", (long)errno);
        }

        Compile(program);
    }

    [Fact]
    public void Numbers_under_names_of_ours_are_those_of_the_headers()
    {
        var program = new StringBuilder(Includes);
        foreach (var (name, value) in new (string, long)[]
        {
            ("NLM_F_REQUEST", (long)NetlinkFlags.Request), ("NLM_F_MULTI", (long)NetlinkFlags.Multi), ("NLM_F_ACK", (long)NetlinkFlags.Ack),
            ("NLM_F_ECHO", (long)NetlinkFlags.Echo), ("NLM_F_DUMP_INTR", (long)NetlinkFlags.DumpInterrupted), ("NLM_F_DUMP", (long)NetlinkFlags.Dump),
            ("NLM_F_REPLACE", (long)NetlinkFlags.Replace), ("NLM_F_EXCL", (long)NetlinkFlags.Exclusive), ("NLM_F_CREATE", (long)NetlinkFlags.Create),
            ("NLM_F_APPEND", (long)NetlinkFlags.Append), ("NLM_F_CAPPED", 0x100), ("NLM_F_ACK_TLVS", 0x200), ("NLMSGERR_ATTR_MSG", 1), ("NLMSGERR_ATTR_OFFS", 2),
            ("NETLINK_ROUTE", (long)NetlinkProtocol.Route), ("NETLINK_SOCK_DIAG", (long)NetlinkProtocol.SockDiag), ("NLA_F_NESTED", NetlinkAttribute.NestedFlag),
            ("NETLINK_NETFILTER", (long)NetlinkProtocol.Netfilter), ("NETLINK_GENERIC", (long)NetlinkProtocol.Generic), ("NLA_TYPE_MASK & 0xFFFF", 0x3FFF),
            ("NLMSG_ERROR", NetlinkMessage.TypeError), ("NLMSG_DONE", NetlinkMessage.TypeDone), ("NLMSG_OVERRUN", NetlinkMessage.TypeOverrun),
            ("CLONE_FS", (long)NamespaceKinds.FileSystemView), ("CLONE_NEWNS", (long)NamespaceKinds.Mount), ("CLONE_NEWCGROUP", (long)NamespaceKinds.Cgroup),
            ("CLONE_NEWUTS", (long)NamespaceKinds.Uts), ("CLONE_NEWIPC", (long)NamespaceKinds.Ipc), ("CLONE_NEWPID", (long)NamespaceKinds.Pid),
            ("CLONE_NEWNET", (long)NamespaceKinds.Net), ("RTN_UNICAST", (long)RouteKind.Unicast), ("RTN_LOCAL", (long)RouteKind.Local),
            ("RTN_BROADCAST", (long)RouteKind.Broadcast), ("RTN_ANYCAST", (long)RouteKind.Anycast), ("RTN_MULTICAST", (long)RouteKind.Multicast),
            ("RTN_BLACKHOLE", (long)RouteKind.Blackhole), ("RTN_UNREACHABLE", (long)RouteKind.Unreachable), ("RTN_PROHIBIT", (long)RouteKind.Prohibit),
            ("RTN_THROW", (long)RouteKind.Throw), ("RT_TABLE_MAIN", IpRoute.MainTable), ("RTPROT_STATIC", IpRoute.StaticProtocol),
            ("NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET", Nflog.MessagePacket), ("NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG", Nflog.MessageConfigure),
            ("NFULA_PAYLOAD", Nflog.Payload), ("NFULA_PREFIX", Nflog.Prefix),
            ("NFULA_SEQ", Nflog.Sequence), ("NFULA_CT", Nflog.Connection), ("NFULA_CFG_CMD", Nflog.ConfigCommand), ("NFULA_CFG_MODE", Nflog.ConfigMode),
            ("NFULA_CFG_QTHRESH", Nflog.ConfigQueueThreshold), ("NFULA_CFG_FLAGS", Nflog.ConfigFlags), ("NFULNL_CFG_CMD_BIND", Nflog.CommandBind),
            ("NFULNL_COPY_PACKET", Nflog.CopyPacket), ("NFULNL_CFG_F_SEQ", Nflog.FlagSequence), ("NFULNL_CFG_F_CONNTRACK", Nflog.FlagConntrack),
            ("sizeof(struct nfulnl_msg_config_mode)", 6), ("offsetof(struct nfulnl_msg_config_mode, copy_mode)", 4),
            ("_LINUX_CAPABILITY_VERSION_3", Libc.CapabilityVersion3), ("NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW", Ct.New),
            ("NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET", Ct.Get), ("NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE", Ct.Delete),
            ("CTA_TUPLE_ORIG", Ct.TupleOrig), ("CTA_TUPLE_REPLY", Ct.TupleReply), ("CTA_STATUS", Ct.Status), ("CTA_MARK", Ct.Mark), ("CTA_ID", Ct.Id),
            ("CTA_ZONE", Ct.Zone), ("CTA_TUPLE_IP", Ct.TupleIp), ("CTA_TUPLE_PROTO", Ct.TupleProto), ("CTA_IP_V4_SRC", Ct.IpV4Source),
            ("CTA_IP_V4_DST", Ct.IpV4Destination), ("CTA_IP_V6_SRC", Ct.IpV6Source), ("CTA_IP_V6_DST", Ct.IpV6Destination), ("CTA_PROTO_NUM", Ct.ProtoNumber),
            ("CTA_PROTO_SRC_PORT", Ct.ProtoSourcePort), ("CTA_PROTO_DST_PORT", Ct.ProtoDestinationPort), ("CTA_PROTO_ICMP_ID", Ct.IcmpId),
            ("CTA_PROTO_ICMP_TYPE", Ct.IcmpType), ("CTA_PROTO_ICMP_CODE", Ct.IcmpCode), ("CTA_PROTO_ICMPV6_ID", Ct.IcmpV6Id),
            ("CTA_PROTO_ICMPV6_TYPE", Ct.IcmpV6Type), ("CTA_PROTO_ICMPV6_CODE", Ct.IcmpV6Code), ("IPS_ASSURED", ConntrackFlow.StatusAssured),
            ("IPS_SRC_NAT", ConntrackFlow.StatusSourceNat), ("IPS_DST_NAT", ConntrackFlow.StatusDestinationNat),
        })
        {
            Equal(program, name, value);
        }

        Compile(program);
    }

    [Fact]
    public void Structs_are_laid_out_as_in_the_headers()
    {
        var program = new StringBuilder(Includes);
        Layout<SockAddrNl>(program, "struct sockaddr_nl", "nl_family", "nl_pad", "nl_pid", "nl_groups");
        Layout<SockAddrLl>(program, "struct sockaddr_ll", "sll_family", "sll_protocol", "sll_ifindex", "sll_hatype", "sll_pkttype", "sll_halen", "sll_addr");
        Layout<TimeVal>(program, "struct timeval", "tv_sec", "tv_usec");
        Layout<IfInfoMsg>(program, "struct ifinfomsg", "ifi_family", "__ifi_pad", "ifi_type", "ifi_index", "ifi_flags", "ifi_change");
        Layout<IfAddrMsg>(program, "struct ifaddrmsg", "ifa_family", "ifa_prefixlen", "ifa_flags", "ifa_scope", "ifa_index");
        Layout<RtMsg>(
            program, "struct rtmsg", "rtm_family", "rtm_dst_len", "rtm_src_len", "rtm_tos", "rtm_table", "rtm_protocol", "rtm_scope", "rtm_type", "rtm_flags");
        Layout<NdMsg>(program, "struct ndmsg", "ndm_family", "ndm_pad1", "ndm_pad2", "ndm_ifindex", "ndm_state", "ndm_flags", "ndm_type");
        Layout<NfGenMsg>(program, "struct nfgenmsg", "nfgen_family", "version", "res_id");
        Layout<CapHeader>(program, "struct __user_cap_header_struct", "version", "pid");
        Layout<CapData>(program, "struct __user_cap_data_struct", "effective", "permitted", "inheritable");
        Layout<WinSize>(program, "struct winsize", "ws_row", "ws_col", "ws_xpixel", "ws_ypixel");
        Layout<PollFd>(program, "struct pollfd", "fd", "events", "revents");
        Layout<IoVector>(program, "struct iovec", "iov_base", "iov_len");
        Layout<MessageHeader>(
            program, "struct msghdr", "msg_name", "msg_namelen", "msg_iov", "msg_iovlen", "msg_control", "msg_controllen", "msg_flags");
        Layout<BatchedMessage>(program, "struct mmsghdr", "msg_hdr", "msg_len");
        Layout<SigInfo>(program, "siginfo_t", "si_signo", "si_code", "si_pid", "si_status");
        Equal(program, "sizeof(struct nlmsghdr)", NetlinkWriter.HeaderSize);
        Equal(program, "sizeof(struct epoll_event)", EpollEvent.Size);
        Equal(program, "offsetof(struct epoll_event, data)", EpollEvent.Size - 8);
        foreach (var opaque in new[] { "posix_spawn_file_actions_t", "posix_spawnattr_t", "sigset_t" })
        {
            program.AppendLine(FormattableString.Invariant($"_Static_assert(sizeof({opaque}) <= {Libc.OpaqueSize}, \"{opaque}\");"));
        }

        Compile(program);
    }

    private static void Layout<T>(StringBuilder program, string type, params string[] names)
        where T : unmanaged
    {
        var fields = typeof(T).GetFields(BindingFlags.NonPublic | BindingFlags.Instance);
        Assert.Equal(names.Length, fields.Length);
        Equal(program, $"sizeof({type})", Marshal.SizeOf<T>());
        for (var i = 0; i < names.Length; i++)
        {
            Equal(program, $"offsetof({type}, {names[i]})", Marshal.OffsetOf<T>(fields[i].Name));
            Equal(program, $"sizeof((({type} *)0)->{names[i]})", Marshal.SizeOf(fields[i].FieldType));
        }
    }

    private static void Equal(StringBuilder program, string expression, long value) =>
        program.AppendLine(FormattableString.Invariant($"_Static_assert(({expression}) == {value}, \"{expression} is not {value}\");"));

    private static void Compile(StringBuilder program)
    {
        var (code, _, error) = Tool.TryRun("gcc", program.ToString(), "-fsyntax-only", "-x", "c", "-");
        Assert.True(code == 0, error);
    }
}
