using System.Runtime.InteropServices;
using System.Text;

namespace Fairlead.Linux.Processes;

/// <summary>Memory outside the heap, laid out for system calls, freed together.</summary>
internal sealed unsafe class NativeMemoryOwner : IDisposable
{
    private readonly List<nint> _blocks = [];

    internal bool IsEmpty => _blocks.Count == 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        _blocks.ForEach(address => NativeMemory.Free((void*)address));
        _blocks.Clear();
    }

    internal void* Allocate(int size)
    {
        var memory = NativeMemory.AllocZeroed((nuint)size);
        _blocks.Add((nint)memory);
        return memory;
    }

    /// <summary>A string as UTF-8 with a zero after it.</summary>
    /// <exception cref="ArgumentException">It has a zero within.</exception>
    internal byte* Text(string value)
    {
        if (value.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{value.Replace('\0', '?')}' contains a zero character and cannot be passed to a process", nameof(value));
        }

        var size = Encoding.UTF8.GetByteCount(value);
        var memory = (byte*)Allocate(size + 1);
        Encoding.UTF8.GetBytes(value, new Span<byte>(memory, size));
        return memory;
    }

    /// <summary>A table of strings with a null after it, as argv and envp are.</summary>
    internal byte** Texts(IReadOnlyList<string> values)
    {
        var table = (byte**)Allocate((values.Count + 1) * sizeof(byte*));
        for (var i = 0; i < values.Count; i++)
        {
            table[i] = Text(values[i]);
        }

        return table;
    }
}
