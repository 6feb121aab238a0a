using System.Text;

namespace Fairlead.Pods.Containers;

/// <summary>What the first process of a container is told, on a pipe, before it becomes the container's command.</summary>
internal sealed record InitRequest
{
    /// <summary>Where the container's root is built.</summary>
    internal required string Root { get; init; }

    /// <summary>The file to execute, as the container sees it.</summary>
    internal required string File { get; init; }

    internal required IReadOnlyList<string> Arguments { get; init; }

    internal required IReadOnlyList<string> Environment { get; init; }

    internal required string WorkingDirectory { get; init; }

    internal required Identification Identity { get; init; }

    /// <summary>Whether nothing of /proc is masked.</summary>
    internal required bool Privileged { get; init; }

    /// <summary>Directory of the control group to join, as it is seen before the root is changed; empty for none.</summary>
    internal string Cgroup { get; init; } = "";

    internal void Write(Stream stream)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(Root);
        writer.Write(File);
        writer.Write(WorkingDirectory);
        writer.Write(Cgroup);
        writer.Write(Privileged);
        Write(writer, Arguments);
        Write(writer, Environment);
        writer.Write(Identity.User);
        writer.Write(Identity.Group);
        writer.Write(Identity.Capabilities);
        writer.Write(Identity.NoNewPrivileges);
        writer.Write(Identity.Groups.Length);
        Array.ForEach(Identity.Groups, writer.Write);
    }

    /// <exception cref="EndOfStreamException">Whoever wrote it is gone.</exception>
    internal static InitRequest Read(Stream stream)
    {
        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        return new InitRequest
        {
            Root = reader.ReadString(),
            File = reader.ReadString(),
            WorkingDirectory = reader.ReadString(),
            Cgroup = reader.ReadString(),
            Privileged = reader.ReadBoolean(),
            Arguments = ReadTexts(reader),
            Environment = ReadTexts(reader),
            Identity = new Identification
            {
                User = reader.ReadUInt32(),
                Group = reader.ReadUInt32(),
                Capabilities = reader.ReadUInt64(),
                NoNewPrivileges = reader.ReadBoolean(),
                Groups = ReadNumbers(reader),
            },
        };
    }

    private static void Write(BinaryWriter writer, IReadOnlyList<string> texts)
    {
        writer.Write(texts.Count);
        foreach (var text in texts)
        {
            writer.Write(text);
        }
    }

    private static string[] ReadTexts(BinaryReader reader)
    {
        var texts = new string[reader.ReadInt32()];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = reader.ReadString();
        }

        return texts;
    }

    private static uint[] ReadNumbers(BinaryReader reader)
    {
        var numbers = new uint[reader.ReadInt32()];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = reader.ReadUInt32();
        }

        return numbers;
    }
}
