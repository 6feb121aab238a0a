using System.Globalization;

namespace Fairlead.ControlPlane.Protobuf;

/// <summary>How one field of a message becomes JSON.</summary>
/// <param name="Name">Its name in JSON.</param>
/// <param name="Type">A scalar (<c>string</c>, <c>int</c>, <c>bool</c>, <c>bytes</c>) or the name of a message.</param>
/// <param name="Mark"><c>*</c> list, <c>%</c> map from texts, <c>^</c> its fields belong to the outer object, <c>!</c> a zero is a value; else a space.</param>
internal sealed record MessageField(string Name, string Type, char Mark);

/// <summary>The protobuf messages of the kinds served, from the text embedded in the program.</summary>
internal sealed class MessageTable
{
    private static readonly Lazy<MessageTable> Shared = new(Load);

    private readonly Dictionary<string, Dictionary<int, MessageField>> _messages = [];

    private MessageTable()
    {
    }

    public static MessageTable Default => Shared.Value;

    /// <summary>The fields of a message by number, or null.</summary>
    public IReadOnlyDictionary<int, MessageField>? Find(string name) => _messages.GetValueOrDefault(name);

    private static MessageTable Load()
    {
        using var stream = typeof(MessageTable).Assembly.GetManifestResourceStream("messages.txt")
            ?? throw new InvalidOperationException("the protobuf messages are not in the program");
        using var reader = new StreamReader(stream);
        var table = new MessageTable();
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                table.Add(line.Split(' '));
            }
        }

        return table;
    }

    private void Add(string[] words)
    {
        var fields = new Dictionary<int, MessageField>();
        foreach (var word in words.Skip(1))
        {
            var parts = word.Split(':');
            var marked = parts[2][0] is '*' or '%' or '^' or '!';
            fields.Add(
                int.Parse(parts[0], CultureInfo.InvariantCulture),
                new MessageField(parts[1], marked ? parts[2][1..] : parts[2], marked ? parts[2][0] : ' '));
        }

        _messages.Add(words[0], fields);
    }
}
