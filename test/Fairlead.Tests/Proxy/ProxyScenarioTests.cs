namespace Fairlead.Tests.Proxy;

public sealed class ProxyScenarioTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Proxy", "Scenarios");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public Task Scenario(string file) => RunAsync(file, faults: false, restarts: false);

    /// <summary>The end state must not depend on commits that fail, nor on whether their answer or they themselves were lost.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public Task Scenario_where_two_of_three_commits_fail(string file) => RunAsync(file, faults: true, restarts: false);

    [Theory]
    [MemberData(nameof(Files))]
    public Task Scenario_where_the_agent_is_new_at_every_step(string file) => RunAsync(file, faults: false, restarts: true);

    private static async Task RunAsync(string file, bool faults, bool restarts)
    {
        await using var scenario = new ProxyScenario(await File.ReadAllTextAsync(Path.Combine(Folder, file)), faults, restarts);
        await scenario.RunAsync();
    }
}
