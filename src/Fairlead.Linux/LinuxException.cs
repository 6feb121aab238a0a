using System.Runtime.InteropServices;

namespace Fairlead.Linux;

/// <summary>A system call failed. The message says which, on what, and why in the C library's words.</summary>
public class LinuxException : IOException
{
    /// <summary>Describes a failed call.</summary>
    /// <param name="errno">The error number.</param>
    /// <param name="operation">The call and what it was about, for example <c>open /run/netns/a</c>.</param>
    /// <param name="detail">What the kernel said beyond the number; may be empty.</param>
    public LinuxException(Errno errno, string operation, string detail = "")
        : base(Describe(errno, operation, detail))
    {
        Errno = errno;
        Operation = operation;
    }

    /// <summary>The error number.</summary>
    public Errno Errno { get; }

    /// <summary>The call and what it was about.</summary>
    public string Operation { get; }

    /// <summary>The failure of the last system call of this thread.</summary>
    internal static LinuxException Last(string operation) => new((Errno)Marshal.GetLastPInvokeError(), operation);

    /// <summary>Throws the failure of the last system call of this thread when <paramref name="result"/> is negative.</summary>
    internal static int Check(int result, string operation) => result >= 0 ? result : throw Last(operation);

    private static string Describe(Errno errno, string operation, string detail)
    {
        var reason = $"{operation}: {Marshal.GetPInvokeErrorMessage((int)errno)} ({errno})";
        return detail.Length == 0 ? reason : $"{reason}: {detail}";
    }
}
