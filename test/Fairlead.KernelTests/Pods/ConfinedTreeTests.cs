using Fairlead.Linux;
using Fairlead.Linux.Files;

namespace Fairlead.KernelTests.Pods;

/// <summary>A tree in which somebody else puts links.</summary>
public sealed class ConfinedTreeTests : IDisposable
{
    private readonly string _outside = Directory.CreateTempSubdirectory("fl-out").FullName;
    private readonly string _root = Directory.CreateTempSubdirectory("fl-tree").FullName;

    public void Dispose()
    {
        Directory.Delete(_outside, recursive: true);
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Nothing_is_written_through_a_link()
    {
        File.WriteAllText($"{_outside}/kept", "kept");
        File.CreateSymbolicLink($"{_root}/a", _outside);
        File.CreateSymbolicLink($"{_root}/kept", $"{_outside}/kept");
        using var tree = ConfinedTree.Open(_root);

        Assert.Equal(Errno.ELOOP, Assert.Throws<LinuxException>(() => tree.Write("a/b", "x"u8, 0x1A4, null)).Errno);
        tree.Write("kept", "x"u8, 0x1A4, null);

        Assert.Equal("kept", File.ReadAllText($"{_outside}/kept"));
        Assert.Equal("x", File.ReadAllText($"{_root}/kept"));
        Assert.Single(Directory.GetFiles(_outside));
    }

    [Theory]
    [InlineData("absolute")]
    [InlineData("relative")]
    public void What_is_missing_is_made_within_though_a_link_names_a_place_outside(string kind)
    {
        File.CreateSymbolicLink($"{_root}/link", kind == "absolute" ? _outside : $"../../../../../..{_outside}");
        using var tree = ConfinedTree.Open(_root);
        tree.MakeDirectory("link/made").Dispose();
        tree.MakeFile("/link/made/file").Dispose();

        Assert.True(File.Exists($"{_root}{_outside}/made/file"));
        Assert.Empty(Directory.GetFileSystemEntries(_outside));
    }

    [Fact]
    public void A_loop_of_links_and_a_missing_file_are_told_apart()
    {
        File.CreateSymbolicLink($"{_root}/loop", "loop");
        using var tree = ConfinedTree.Open(_root);

        Assert.Equal(Errno.ELOOP, Assert.Throws<LinuxException>(() => tree.Find("loop")).Errno);
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => tree.Find("none")).Errno);
    }

    [Fact]
    public void A_file_is_replaced_with_its_mode_and_group()
    {
        using var tree = ConfinedTree.Open(_root);
        tree.Write("d/f", "one"u8, 0x100, 7);
        tree.Write("d/f", "two"u8, 0x120, 7);

        Assert.Equal("two", File.ReadAllText($"{_root}/d/f"));
        Assert.Equal((UnixFileMode)0x120, File.GetUnixFileMode($"{_root}/d/f"));
        Assert.Equal(7u, FileOwner.Of($"{_root}/d/f").Group);
        Assert.Single(Directory.GetFileSystemEntries($"{_root}/d"));
    }
}
