using Fairlead.State;

namespace Fairlead.Tests.OneMachine;

public sealed class DueTests
{
    private const int Rounds = 200_000;

    [Fact]
    public void It_is_taken_once_for_however_many_times_it_was_set()
    {
        var due = new Due();
        Assert.False(due.Take());
        due.Set();
        due.Set();
        Assert.True(due.IsSet);
        Assert.True(due.Take());
        Assert.False(due.IsSet || due.Take());
    }

    /// <summary>One thread takes without pause while another notes, each time when the last was taken: whatever the moment, one of the next two takes has it.</summary>
    [Fact]
    public async Task What_becomes_due_while_it_is_taken_is_never_lost()
    {
        var due = new Due();
        var (takes, found, ended) = (0L, 0L, false);
        var taking = Task.Run(() =>
        {
            while (!Volatile.Read(ref ended))
            {
                Interlocked.Add(ref found, due.Take() ? 1 : 0);
                Interlocked.Increment(ref takes);
            }
        });
        var lost = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var before = Interlocked.Read(ref found);
            due.Set();
            var since = Interlocked.Read(ref takes);
            while (Interlocked.Read(ref takes) < since + 2)
            {
                Thread.SpinWait(1);
            }

            lost += Interlocked.Read(ref found) > before ? 0 : 1;
        }

        Volatile.Write(ref ended, true);
        await taking;
        Assert.Equal(0, lost);
    }
}
