namespace Fairlead.ControlPlane.Allocation;

/// <summary>
/// What one write of a Service takes and gives back. Taken at once, so that no other write can; given back only when the write was stored
/// (<see cref="Commit"/>). Disposed without that, everything is as before.
/// </summary>
public sealed class Reservation : IDisposable
{
    private readonly Lock _lock;
    private readonly List<Action> _undo = [];
    private readonly List<Action> _giveBack = [];
    private bool _done;

    internal Reservation(Lock theLock) => _lock = theLock;

    /// <summary>The write was stored: what was taken stays taken, what the old object had and the new one has not is free.</summary>
    public void Commit() => Finish(_giveBack);

    /// <summary>The write was not stored: what was taken is free again.</summary>
    public void Dispose() => Finish(_undo);

    internal void Taken(Action undo) => _undo.Add(undo);

    internal void OnCommit(Action giveBack) => _giveBack.Add(giveBack);

    private void Finish(List<Action> actions)
    {
        lock (_lock)
        {
            if (_done)
            {
                return;
            }

            _done = true;
            foreach (var action in actions)
            {
                action();
            }
        }
    }
}
