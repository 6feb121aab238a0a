using Fairlead.Linux;
using Fairlead.OneMachine;

namespace Fairlead.Tests.OneMachine;

public sealed class PreflightTests
{
    [Theory]
    [InlineData("CapEff:\t000001ffffffffff", "")]
    [InlineData("CapEff:\t00000000a80425fb", "CAP_NET_ADMIN CAP_SYS_ADMIN")]
    [InlineData("CapEff:\t00000000a80435fb", "CAP_SYS_ADMIN")]
    [InlineData("CapEff:\t0000000000200000", "CAP_NET_ADMIN")]
    public void What_root_lacks_is_read_off_its_capabilities(string line, string missing) =>
        Assert.Equal(missing, string.Join(' ', Preflight.Missing(["Name:\tfairlead", "CapPrm:\t0000000000000000", line])));

    [Theory]
    [InlineData(Errno.EPERM, "may not be changed from here: open: no", "user namespace")]
    [InlineData((Errno)93, "has no nf_tables: open: no", "modprobe nf_tables")] // EPROTONOSUPPORT
    [InlineData(Errno.EINVAL, "has no nf_tables: open: no", "modprobe nf_tables")]
    [InlineData(Errno.EOPNOTSUPP, "has no nf_tables: open: no", "modprobe nf_tables")]
    public void What_the_kernel_refuses_is_told_with_a_way_out(Errno errno, string what, string way)
    {
        var error = Preflight.Explain(errno, "open: no");

        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.Contains(way, error.Hint, StringComparison.Ordinal);
        Assert.Equal(1, error.ExitCode);
    }
}
