using System.Security.Cryptography;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>
/// Finds out whether an upstream asks us what we ask it, as CoreDNS's plugin loop does: it is asked for a name that nobody else can know, and if that comes
/// back as a question, what is asked there goes in circles. Such an upstream is out for a while; then it is asked, and probed, again.
/// </summary>
/// <param name="zone">The zone whose names are asked, in wire form.</param>
/// <param name="time">Clock.</param>
internal sealed class LoopProbe(byte[] zone, TimeProvider time)
{
    /// <summary>How long an upstream that loops is out.</summary>
    public static readonly TimeSpan OutTime = TimeSpan.FromSeconds(30);

    /// <summary>No upstream is probed more often.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const int LabelLength = 16;
    private readonly Lock _gate = new();
    private byte[]? _name;
    private long? _probed;
    private long? _found;

    /// <summary>It was probed since it last came in.</summary>
    public bool IsProbed => _probed is not null;

    /// <summary>It is out.</summary>
    public bool IsLooping
    {
        get
        {
            lock (_gate)
            {
                if (_found is { } found && time.GetElapsedTime(found) >= OutTime)
                {
                    (_found, _probed) = (null, null);
                }

                return _found is not null;
            }
        }
    }

    /// <summary>The question to ask it now; null: it was probed a moment ago, or no such name fits the zone.</summary>
    public ForwardQuestion? Next()
    {
        lock (_gate)
        {
            if ((_probed is { } last && time.GetElapsedTime(last) < Interval) || zone.Length + (2 * (LabelLength + 1)) > DnsReader.MaxName)
            {
                return null;
            }

            _probed = time.GetTimestamp();
            var labels = DnsName.Encode($"{RandomNumberGenerator.GetHexString(LabelLength, lowercase: true)}.{RandomNumberGenerator.GetHexString(LabelLength, lowercase: true)}");
            _name = [.. labels[..^1], .. zone];
            return new ForwardQuestion(_name, RecordType.HINFO, DnsHeader.RecursionDesiredFlag, false);
        }
    }

    /// <summary>Whether a question is the probe come back. True once for each time it is found, then the upstream is out.</summary>
    public bool TryFind(ReadOnlySpan<byte> name, out bool isFirst)
    {
        lock (_gate)
        {
            isFirst = _found is null;
            if (_name is null || !DnsName.EqualsIgnoreCase(_name, name))
            {
                return false;
            }

            _found ??= time.GetTimestamp();
            return true;
        }
    }
}
