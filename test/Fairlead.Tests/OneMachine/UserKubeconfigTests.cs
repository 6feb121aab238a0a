using Fairlead.Kube.Kubeconfig;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Tests.OneMachine;

public sealed class UserKubeconfigTests : IDisposable
{
    private const string Foreign = "# mine\ncurrent-context: mine\nusers:\n- {name: me, user: {}}\n";

    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-kubeconfig-").FullName;

    private string Config => Path.Combine(_directory, "config");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Many_at_once_lose_nothing_of_each_other_and_leave_no_lock()
    {
        await File.WriteAllTextAsync(Config, Foreign, TestContext.Current.CancellationToken);
        var names = Enumerable.Range(1, 12).Select(number => $"fairlead-{number}").ToList();

        await Task.WhenAll(names.Select(name => Task.Run(() => UserKubeconfig.MergeAsync(Config, Entry(name), makeCurrent: false))));

        var text = await File.ReadAllTextAsync(Config, TestContext.Current.CancellationToken);
        Assert.All(names, name => Assert.Equal(3, text.Split('\n').Count(line => line.Trim() == $"name: {name}")));
        Assert.Equal([Config], Directory.GetFiles(_directory));

        await Task.WhenAll(names.Select(name => Task.Run(() => UserKubeconfig.RemoveAsync(Config, name, ""))));
        Assert.StartsWith(Foreign, await File.ReadAllTextAsync(Config, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_stays_a_link_and_the_file_behind_it_keeps_its_mode()
    {
        var behind = Path.Combine(_directory, "behind");
        await File.WriteAllTextAsync(behind, Foreign, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(behind, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        File.CreateSymbolicLink(Config, behind);

        var (_, replaced) = await UserKubeconfig.MergeAsync(Config, Entry("fairlead"), makeCurrent: true);

        Assert.Equal("mine", replaced);
        Assert.Equal(behind, new FileInfo(Config).LinkTarget);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead, File.GetUnixFileMode(behind));
        Assert.Contains("current-context: fairlead\n", await File.ReadAllTextAsync(behind, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_planted_where_the_new_file_is_written_is_not_followed()
    {
        var victim = Path.Combine(_directory, "victim");
        await File.WriteAllTextAsync(victim, "untouched", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Config + ".fairlead", victim);

        await UserKubeconfig.MergeAsync(Config, Entry("fairlead"), makeCurrent: true);

        Assert.Equal("untouched", await File.ReadAllTextAsync(victim, TestContext.Current.CancellationToken));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Config));
    }

    [Fact]
    public async Task A_lock_that_stays_is_named_with_a_way_out_and_the_file_is_as_it_was()
    {
        await File.WriteAllTextAsync(Config, Foreign, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Config + ".lock", "", TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<UserError>(() => UserKubeconfig.MergeAsync(Config, Entry("fairlead"), makeCurrent: true));

        Assert.Contains($"{Config} is locked", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{Config}.lock", error.Hint, StringComparison.Ordinal);
        Assert.Equal(Foreign, await File.ReadAllTextAsync(Config, TestContext.Current.CancellationToken));
    }

    private static KubeconfigEntry Entry(string name) => new(name, "https://127.0.0.1:6443", "authority", "certificate", "key");
}
