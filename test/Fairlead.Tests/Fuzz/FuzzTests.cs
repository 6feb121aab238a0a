using Fairlead.Fuzz;

namespace Fairlead.Tests.Fuzz;

/// <summary>A short run of <c>make fuzz</c>, the same each time: the corpus, with every input that once broke a reader, and some mutations of it.</summary>
public sealed class FuzzTests
{
    private const int Mutations = 1000;

    public static TheoryData<string> Readers => [.. Targets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Readers))]
    public void A_reader_of_foreign_bytes_keeps_its_word(string name)
    {
        var target = Targets.All.Single(one => one.Name == name);
        var corpus = Fuzzer.Corpus(target);
        Assert.NotEmpty(corpus);
        var finding = new Fuzzer(target, corpus, seed: 1).Run(Mutations);
        Assert.True(finding is null, finding is null ? "" : $"{finding.Problem}\n{Convert.ToHexString(finding.Input)}");
    }

    [Fact]
    public void What_a_reader_does_not_declare_or_has_no_bounds_is_found()
    {
        FuzzTarget[] bad =
        [
            new("throws", bytes => bytes[0]),
            new("grows", bytes => new byte[bytes.Length == 0 ? 0 : 32 << 20].Length),
            new("undeclared", _ => throw new FormatException()) { Declared = e => e is InvalidDataException },
        ];
        Assert.All(bad, target => Assert.NotNull(new Fuzzer(target, [[1, 2]], seed: 1).Run(1000)));
        Assert.Null(new Fuzzer(new FuzzTarget("good", bytes => bytes.Length), [[1, 2]], seed: 1).Run(1000));
    }

    [Fact]
    public void The_same_seed_gives_the_same_inputs()
    {
        Assert.Equal(Inputs(7), Inputs(7));
        Assert.NotEqual(Inputs(7), Inputs(8));

        static List<string> Inputs(int seed)
        {
            List<string> inputs = [];
            new Fuzzer(new FuzzTarget("any", bytes => bytes.Length), [[1, 2, 3, 4]], seed) { Trying = input => inputs.Add(Convert.ToHexString(input)) }.Run(200);
            return inputs;
        }
    }
}
