using System.CommandLine;
using Fairlead.Demo;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead demo</c>: the lesson, tried statement by statement on a running or a fresh cluster.</summary>
internal static class DemoCommand
{
    private const string Lesson = "lesson";

    /// <summary>Makes the command.</summary>
    public static Command Create(Output output)
    {
        var what = new Argument<string>("which") { Description = "Which demo: lesson", DefaultValueFactory = _ => Lesson };
        what.AcceptOnlyFromAmong(Lesson);
        var name = CommonOptions.Name();
        var keys = Heading.All.Select(heading => heading.Key).ToArray();
        var only = new Option<string[]>("--only") { Description = $"These headings alone: {string.Join(", ", keys)}", AllowMultipleArgumentsPerToken = true, HelpName = "heading" };
        only.AcceptOnlyFromAmong(keys);
        var format = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("demo", "Try everything the lesson says with real packets, on a running or a fresh cluster, and leave it running") { what, name, only, format };
        command.SetAction((parsed, cancellationToken) => DemoRun.RunAsync(
            new DemoRequest(parsed.GetRequiredValue(name), parsed.GetValue(only) ?? [], parsed.GetValue(format) == "json"), output, cancellationToken));
        return command;
    }
}
