using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Linux.Syscalls;

/// <summary>A file descriptor that is closed exactly once.</summary>
public sealed class SafeFd : SafeHandleMinusOneIsInvalid
{
    /// <summary>Used by the interop layer for results.</summary>
    public SafeFd()
        : base(ownsHandle: true)
    {
    }

    /// <summary>Takes over an open descriptor.</summary>
    public SafeFd(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>The number, valid while this object lives.</summary>
    public int Number => (int)DangerousGetHandle();

    /// <summary>Gives the descriptor away: whoever gets the number closes it.</summary>
    public int Disown()
    {
        var number = Number;
        SetHandleAsInvalid();
        return number;
    }

    /// <summary>A second descriptor for the same open file, close-on-exec.</summary>
    /// <exception cref="LinuxException">No descriptor left.</exception>
    public SafeFd Duplicate()
    {
        var copy = Libc.Fcntl(this, Libc.F_DUPFD_CLOEXEC, 3);
        return new SafeFd(LinuxException.Check(copy, "fcntl F_DUPFD_CLOEXEC"));
    }

    /// <summary>Lets no program that this process starts inherit the descriptor.</summary>
    /// <exception cref="LinuxException">It is not open.</exception>
    public void CloseOnExec() => LinuxException.Check(Libc.Fcntl(this, Libc.F_SETFD, Libc.FD_CLOEXEC), "fcntl F_SETFD");

    /// <inheritdoc/>
    public override string ToString() => IsClosed || IsInvalid ? "closed" : Number.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;
}
