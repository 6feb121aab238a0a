namespace Fairlead.State;

/// <summary>
/// Notes that something is to be looked at: any thread sets it, one loop takes it. Setting and taking are one step each, so that what becomes due while the
/// loop takes stays due: a flag that is read and then written back would lose it.
/// </summary>
public sealed class Due
{
    private int _set;

    /// <summary>Something is due.</summary>
    public bool IsSet => Volatile.Read(ref _set) != 0;

    /// <summary>Something is due from now on.</summary>
    public void Set() => Volatile.Write(ref _set, 1);

    /// <summary>Whether something was due, which the caller looks at now.</summary>
    public bool Take() => Interlocked.Exchange(ref _set, 0) != 0;
}
