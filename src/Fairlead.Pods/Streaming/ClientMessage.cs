namespace Fairlead.Pods.Streaming;

/// <summary>The size of a terminal in characters.</summary>
internal readonly record struct TerminalSize(ushort Columns, ushort Rows);

internal enum ClientMessageKind
{
    None,
    Input,
    EndOfInput,
    Resize,
}

/// <summary>What a piece of a message means; <see cref="Data"/> is part of the piece.</summary>
internal readonly record struct ClientMessage(ClientMessageKind Kind, ReadOnlyMemory<byte> Data = default, TerminalSize Size = default);
