using System.Net;
using System.Net.Sockets;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Benchmarks;

/// <summary>Asks one server one question after another, in a namespace.</summary>
internal sealed class DnsAsker : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _reply = new byte[DnsQuery.MaxUdp];

    public DnsAsker(NetNamespace netns, string server)
    {
        _socket = netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        _socket.ReceiveTimeout = 5000;
        _socket.Connect(IPAddress.Parse(server), 53);
    }

    /// <summary>The answer: response code and addresses. An answer that does not come is an exception.</summary>
    public (int Code, string Addresses) Ask(string name, bool v6)
    {
        if (!DnsName.TryEncode(name, out var wire))
        {
            throw new ArgumentException($"'{name}' is no name", nameof(name));
        }

        for (var i = 1; i < wire.Length - 1; i++)
        {
            wire[i] = name[i - 1] == '.' ? wire[i] : (byte)name[i - 1];
        }

        _socket.Send([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, .. wire, 0, (byte)(v6 ? 28 : 1), 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        var packet = _reply.AsSpan(0, _socket.Receive(_reply));
        var reader = new DnsReader(packet);
        var addresses = new List<string>();
        if (!DnsHeader.TryRead(packet, out var header) || !reader.TrySkipName() || !reader.TryReadTypeAndClass(out _, out _))
        {
            throw new InvalidOperationException($"'{name}': the reply is none");
        }

        for (var i = 0; i < header.Answers && reader.TryReadRecord(out var record); i++)
        {
            addresses.Add(new IPAddress(packet[record.Data..record.End]).ToString());
        }

        return ((int)header.Code, string.Join(' ', addresses.Order(StringComparer.Ordinal)));
    }

    /// <summary>Compares answers with what they must be; the first that differs is an exception.</summary>
    public void Check(IEnumerable<DnsQuestion> questions)
    {
        foreach (var question in questions)
        {
            var answer = Ask(question.Name, question.V6);
            if (answer != (question.Code, question.Address))
            {
                throw new InvalidOperationException($"{question.Line}: answered {answer}, must be {(question.Code, question.Address)}");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
