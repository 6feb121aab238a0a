namespace Fairlead.ClusterTests.OneMachine;

/// <summary>A cluster of the release binary, copied into a folder where nothing else is.</summary>
public sealed class ReleaseBinaryFixture : ClusterFixture
{
    /// <summary>Copies what `make aot` left; there is nothing to test without it.</summary>
    public ReleaseBinaryFixture()
        : base(CopyAlone(Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "bin", "aot", "fairlead"))))
    {
    }

    /// <inheritdoc/>
    protected override bool HasIngress => true;

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(Program)!, recursive: true);
    }

    private static string CopyAlone(string published)
    {
        if (!File.Exists(published))
        {
            throw new FileNotFoundException($"the release binary is not there: run `make aot`", published);
        }

        var copy = Path.Combine(Directory.CreateTempSubdirectory("fairlead-alone").FullName, "fairlead");
        File.Copy(published, copy);
        return copy;
    }
}
