using System.Reflection;
using System.Xml.Linq;
using Fairlead.Testing;

namespace Fairlead.Tests.Architecture;

/// <summary>What ARCHITECTURE.md says of the storeys, held against the project files and against what was compiled.</summary>
public sealed class StoreysTests
{
    private static readonly Dictionary<string, string[]> Below = new()
    {
        ["Fairlead.Linux"] = [],
        ["Fairlead.State"] = [],
        ["Fairlead.Kube"] = [],
        ["Fairlead.Nftables"] = ["Fairlead.Linux"],
        ["Fairlead.Cluster"] = ["Fairlead.Linux", "Fairlead.State", "Fairlead.Kube"],
        ["Fairlead.Cni"] = Rooms,
        ["Fairlead.Proxy"] = Rooms,
        ["Fairlead.Policy"] = Rooms,
        ["Fairlead.Dns"] = Rooms,
        ["Fairlead.Balancer"] = Rooms,
        ["Fairlead.Ingress"] = Rooms,
        ["Fairlead.ControlPlane"] = House,
        ["Fairlead.Pods"] = House,
        ["fairlead"] = [.. House, "Fairlead.Cni", "Fairlead.Proxy", "Fairlead.Policy", "Fairlead.Dns", "Fairlead.Balancer", "Fairlead.Ingress", "Fairlead.ControlPlane", "Fairlead.Pods"],
    };

    private static string[] Rooms => ["Fairlead.Linux", "Fairlead.Nftables", "Fairlead.State", "Fairlead.Kube", "Fairlead.Cluster"];

    private static string[] House => Rooms;

    public static TheoryData<string> Projects => [.. Checkout.Projects.Select(file => Path.GetFileNameWithoutExtension(file))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_what_stands_below_it(string project)
    {
        Assert.True(Below.TryGetValue(project, out var below), $"{project} has no storey: give it one here and in ARCHITECTURE.md");

        var references = XDocument.Load(Checkout.Projects.Single(file => Path.GetFileNameWithoutExtension(file) == project))
            .Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));

        Assert.Empty(references.Except(below!));
        Assert.Empty(Compiled(project).Except(below!));
    }

    [Fact]
    public void Every_storey_has_its_project() =>
        Assert.Equal(Below.Keys.Order(StringComparer.Ordinal), Checkout.Projects.Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal));

    [Fact]
    public void Only_the_lowest_storey_touches_memory_and_the_kernel_by_hand() =>
        Assert.Equal(
            ["Fairlead.Linux"],
            Checkout.Projects.Where(file => XDocument.Load(file).Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true")).Select(file => Path.GetFileNameWithoutExtension(file)!));

    [Fact]
    public void Every_project_says_what_it_is() =>
        Assert.All(Checkout.Projects, file => Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(file)!, "README.md")), file));

    [Fact]
    public void Every_dependency_has_its_reason_written_down()
    {
        var reasons = File.ReadAllText(Path.Combine(Checkout.Root, "docs/adr/0001-dependencies.md"));
        Assert.All(
            XDocument.Load(Path.Combine(Checkout.Root, "Directory.Packages.props")).Descendants("PackageVersion"),
            package => Assert.Contains((string)package.Attribute("Include")!, reasons, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Compiled(string project) =>
        Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, $"{project}.dll")).GetReferencedAssemblies()
            .Select(name => name.Name!).Where(name => name.StartsWith("Fairlead.", StringComparison.Ordinal));
}
