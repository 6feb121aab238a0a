using System.Xml.Linq;
using Fairlead.Testing;

namespace Fairlead.Tests.Build;

/// <summary>What a newcomer and a build find in the repository.</summary>
public sealed class RepositoryTests
{
    private static readonly string[] ProjectFiles =
        [.. new[] { "src", "test", "bench" }.SelectMany(folder => Directory.GetFiles(Path.Combine(Checkout.Root, folder), "*.csproj", SearchOption.AllDirectories))];

    [Theory]
    [InlineData("README.md", "make demo", "make test", "## Two minutes with kubectl")]
    [InlineData("ARCHITECTURE.md", "## The path of a packet")]
    [InlineData("CONTRIBUTING.md", "make test")]
    [InlineData("LICENSE", "Apache License", "Version 2.0, January 2004")]
    [InlineData("CHANGELOG.md", "## Unreleased")]
    [InlineData("Makefile", "\ndemo: ", "\ntest: ", "\nbench: ", "\naot: ")]
    public void The_documents_are_there(string file, params string[] parts)
    {
        var text = Read(file);
        Assert.All(parts, part => Assert.Contains(part, text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_README_leads_to_a_map_that_names_every_project()
    {
        Assert.Contains("[ARCHITECTURE.md](ARCHITECTURE.md) is the map", Read("README.md"), StringComparison.Ordinal);
        var map = Read("ARCHITECTURE.md");
        Assert.All(Checkout.Projects, project => Assert.Contains($"{Path.GetFileNameWithoutExtension(project)}/", map, StringComparison.Ordinal));
    }

    [Fact]
    public void A_change_must_pass_make_test()
    {
        Assert.EndsWith("\nexec make test\n", Read(".ci/run"), StringComparison.Ordinal);
        Assert.True(File.GetUnixFileMode(Path.Combine(Checkout.Root, ".ci/run")).HasFlag(UnixFileMode.UserExecute));
    }

    [Fact]
    public void Every_warning_of_compiler_analyzers_and_style_stops_the_build()
    {
        var settings = XDocument.Parse(Read("Directory.Build.props")).Descendants().ToLookup(element => element.Name.LocalName, element => element.Value);
        Assert.Equal(
            ["true", "latest", "Recommended", "true", "enable"],
            new[] { "TreatWarningsAsErrors", "AnalysisLevel", "AnalysisMode", "EnforceCodeStyleInBuild", "Nullable" }.Select(name => settings[name].Single()));
        Assert.Contains("dotnet_diagnostic.IDE0005.severity = error", Read(".editorconfig"), StringComparison.Ordinal);
        Assert.All(ProjectFiles, project => Assert.DoesNotContain("TreatWarningsAsErrors", File.ReadAllText(project), StringComparison.Ordinal));
    }

    [Fact]
    public void Package_versions_stand_in_one_place_and_are_locked()
    {
        Assert.Equal("true", XDocument.Parse(Read("Directory.Packages.props")).Descendants("ManagePackageVersionsCentrally").Single().Value);
        Assert.Equal("true", XDocument.Parse(Read("Directory.Build.props")).Descendants("RestorePackagesWithLockFile").Single().Value);
        Assert.All(ProjectFiles, project =>
        {
            Assert.DoesNotContain(XDocument.Load(project).Descendants("PackageReference"), reference => reference.Attribute("Version") is not null);
            Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json")), project);
        });
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Checkout.Root, file));
}
