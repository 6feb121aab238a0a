using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using Fairlead.Fuzz;

// Fairlead.Fuzz [--count N] [--seed S] [--target NAME] [--output DIR], or: Fairlead.Fuzz replay NAME FILE
var options = new Dictionary<string, string>();
for (var i = 0; i + 1 < args.Length && args[0] != "replay"; i += 2)
{
    options[args[i].TrimStart('-')] = args[i + 1];
}

if (args is ["replay", var name, var file])
{
    var target = Targets.All.Single(one => one.Name == name);
    var bytes = File.ReadAllBytes(file);
    return Report(new Fuzzer(target, [], 0).Try(file.EndsWith(".current", StringComparison.Ordinal) ? bytes[4..(4 + BitConverter.ToInt32(bytes))] : bytes), null);
}

int? asked = options.TryGetValue("count", out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : null;
var seed = options.TryGetValue("seed", out var given) ? int.Parse(given, CultureInfo.InvariantCulture) : RandomNumberGenerator.GetInt32(int.MaxValue);
var output = Directory.CreateDirectory(options.GetValueOrDefault("output", "artifacts/fuzz")).FullName;
Console.WriteLine($"seed {seed}, {Targets.All.Count} readers");
var failures = 0;
var endless = TimeSpan.FromSeconds(60);
foreach (var target in Targets.All.Where(one => options.GetValueOrDefault("target", one.Name) == one.Name))
{
    failures += Fuzz(target);
}

return failures == 0 ? 0 : 1;

int Fuzz(FuzzTarget target)
{
    // What is being tried stands in a file, so that it is there when the process does not survive it (a stack that overflows, a loop without end).
    using var current = MemoryMappedFile.CreateFromFile(Path.Combine(output, $"{target.Name}.current"), FileMode.Create, null, target.MostBytes + sizeof(int));
    using var view = current.CreateViewAccessor();
    var corpus = Fuzzer.Corpus(target);
    var since = Stopwatch.GetTimestamp();
    using var watchdog = new Timer(
        _ =>
        {
            if (Stopwatch.GetElapsedTime(Volatile.Read(ref since)) > endless)
            {
                Console.WriteLine($"{target.Name,-16} FAILED: no end after {endless.TotalSeconds} s; the input: {output}/{target.Name}.current");
                Environment.Exit(1);
            }
        },
        null, endless, endless);
    var fuzzer = new Fuzzer(target, corpus, seed)
    {
        MostTime = TimeSpan.FromSeconds(1),
        Trying = input =>
        {
            Volatile.Write(ref since, Stopwatch.GetTimestamp());
            view.Write(0, Math.Min(input.Length, target.MostBytes));
            view.WriteArray(sizeof(int), input, 0, Math.Min(input.Length, target.MostBytes));
        },
    };
    var (started, count) = (Stopwatch.GetTimestamp(), asked ?? target.Inputs);
    var finding = fuzzer.Run(count);
    var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
    if (finding is not null)
    {
        return Report(finding, output);
    }

    Console.WriteLine($"{target.Name,-16} {count,9} inputs {count / seconds,9:F0}/s {fuzzer.Outcomes,6} outcomes, {corpus.Count} in the corpus");
    return 0;
}

static int Report(Finding? finding, string? output)
{
    if (finding is null)
    {
        Console.WriteLine("nothing wrong");
        return 0;
    }

    Console.WriteLine($"{finding.Target,-16} FAILED: {finding.Problem}");
    if (output is not null)
    {
        var path = Path.Combine(output, $"{finding.Target}-{Convert.ToHexStringLower(SHA256.HashData(finding.Input))[..12]}");
        File.WriteAllBytes(path, finding.Input);
        Console.WriteLine($"the input, {finding.Input.Length} bytes: {path}; try it again with `Fairlead.Fuzz replay {finding.Target} {path}`");
    }

    return 1;
}
