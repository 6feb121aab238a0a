using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cni.Plugin;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cni.Ipam;

/// <summary>
/// The node's attachments and addresses, in one file that is replaced atomically with every change: an address is written down before it is used and
/// until its link is gone. Not for several threads.
/// </summary>
internal sealed class AttachmentBook
{
    private const int MaxFileBytes = 16 * 1024 * 1024;
    private readonly string _path;
    private readonly AddressPool _pool = new();
    private readonly Dictionary<string, Attachment> _attachments = [];

    private AttachmentBook(string path) => _path = path;

    /// <summary>All attachments.</summary>
    internal IReadOnlyCollection<Attachment> All => _attachments.Values;

    /// <summary>The ranges to allocate from.</summary>
    internal ValueArray<IpNet> Ranges
    {
        get => _pool.Ranges;
        set => _pool.Ranges = value;
    }

    /// <summary>Number of addresses in use.</summary>
    internal int UsedAddresses => _pool.Used;

    /// <summary>
    /// Opens the book of an earlier run, or an empty one. A file that is no book, as a loss of power may leave one, is put aside where no pod is plugged:
    /// nobody has an address then.
    /// </summary>
    /// <param name="directory">Where the file is; made when missing.</param>
    /// <param name="arePodsPlugged">Whether the node has links of pods.</param>
    /// <param name="log">Is told of a file that was put aside.</param>
    /// <exception cref="InvalidDataException">The file is no book and pods are plugged. Guessing could give an address to two of them.</exception>
    /// <exception cref="IOException">The directory cannot be made or the file not read.</exception>
    internal static AttachmentBook Open(string directory, bool arePodsPlugged, ILogger log)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, "attachments.json");
        var book = new AttachmentBook(path);
        try
        {
            book.Load(new FileInfo(path));
        }
        catch (InvalidDataException e) when (!arePodsPlugged)
        {
            var aside = $"{path}.damaged";
            File.Move(path, aside, overwrite: true);
            log.BookPutAside(aside, e.Message);
            return new AttachmentBook(path);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException(
                $"{e.Message}. It says which addresses pods have, and pods are plugged here: end the pods of this node (kubectl drain), "
                + "run `fairlead agent --cleanup` here, and start the agent again", e);
        }

        return book;
    }

    internal bool TryGet(string key, [NotNullWhen(true)] out Attachment? attachment) => _attachments.TryGetValue(key, out attachment);

    /// <summary>Writes down a new attachment with addresses of its own.</summary>
    /// <exception cref="CniException">100: there is one of that key; 102: no address left; 103: a host port is taken.</exception>
    internal Attachment Reserve(AttachmentRow wanted, ValueArray<PortMapping> ports)
    {
        if (_attachments.TryGetValue(wanted.Key, out var present))
        {
            var holder = string.Join(", ", present.Row.IPs);
            throw new CniException(CniErrorCode.InterfaceExists, $"{wanted.IfName} of container {wanted.ContainerId} exists already, with {holder}");
        }

        foreach (var port in ports)
        {
            if (All.FirstOrDefault(one => one.Ports.Any(port.Collides)) is { } owner)
            {
                throw new CniException(CniErrorCode.HostPortTaken, $"host port {port} is taken by pod {owner.Row.Pod}");
            }
        }

        var addresses = _pool.Allocate();
        if (addresses.Count == 0)
        {
            throw new CniException(
                CniErrorCode.NoAddressLeft, $"no address is left in {string.Join(", ", Ranges)}: {UsedAddresses} are in use by {_attachments.Count} pods");
        }

        var attachment = new Attachment(wanted with { IPs = addresses, HostInterface = Attachment.HostInterfaceOf(wanted.Key) }, ports);
        _attachments[attachment.Key] = attachment;
        try
        {
            Save();
        }
        catch (IOException)
        {
            Forget(attachment.Key);
            throw;
        }

        return attachment;
    }

    /// <summary>Strikes an attachment out and gives its addresses back; nothing happens if there is none.</summary>
    internal void Release(string key)
    {
        if (Forget(key))
        {
            Save();
        }
    }

    private bool Forget(string key)
    {
        if (!_attachments.Remove(key, out var attachment))
        {
            return false;
        }

        foreach (var address in attachment.Row.IPs)
        {
            _pool.Release(address);
        }

        return true;
    }

    private void Load(FileInfo file)
    {
        if (!file.Exists)
        {
            return;
        }

        if (file.Length > MaxFileBytes)
        {
            throw new InvalidDataException($"{_path} is longer than {MaxFileBytes} bytes");
        }

        try
        {
            var json = JsonNode.Parse(File.ReadAllBytes(_path)) as JsonObject ?? throw new FormatException("not an object");
            foreach (var (range, address) in json["last"] as JsonObject ?? [])
            {
                _pool.SetLast(IpNet.Parse(range), IpAddr.Parse(address?.GetValue<string>() ?? ""));
            }

            foreach (var item in json["attachments"] as JsonArray ?? [])
            {
                Adopt(Attachment.FromJson(item as JsonObject ?? throw new FormatException("an attachment is not an object")));
            }
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or CniException)
        {
            throw new InvalidDataException($"{_path} is damaged ({e.Message})", e);
        }
    }

    private void Adopt(Attachment attachment)
    {
        if (!_attachments.TryAdd(attachment.Key, attachment))
        {
            throw new FormatException($"attachment {attachment.Key} occurs twice");
        }

        foreach (var address in attachment.Row.IPs)
        {
            if (!_pool.Take(address))
            {
                throw new FormatException($"address {address} occurs twice");
            }
        }
    }

    // Not synced to the disk, which would cost every pod some milliseconds: a machine that lost its power has lost the links that the book describes,
    // too, and then it does without the book.
    private void Save()
    {
        var last = new JsonObject();
        foreach (var (range, address) in _pool.Last)
        {
            last[range.ToString()] = address.ToString();
        }

        var attachments = new JsonArray();
        foreach (var attachment in _attachments.Values)
        {
            attachments.Add((JsonNode)attachment.ToJson());
        }

        var temporary = $"{_path}.new";
        File.WriteAllBytes(temporary, CniRequest.JsonBytes(new JsonObject { ["version"] = 1, ["last"] = last, ["attachments"] = attachments }));
        File.Move(temporary, _path, overwrite: true);
    }
}
