using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Fairlead.ControlPlane.Store;

/// <summary>One object as found on disk.</summary>
internal sealed record StoredRow(ObjectId Id, long Revision, byte[] Json, JsonObject Value);

/// <summary>
/// The database file: one table of objects, one row of revision. Opened exclusively, so a second control plane on the same directory is refused.
/// Write-ahead log with synchronous=NORMAL: a commit is in the page cache when it returns, so it survives the death of the process at any moment;
/// after a loss of power the file is whole but may lack the last commits, together with the nodes and pods they spoke of.
/// </summary>
internal sealed class SqliteFile : IDisposable
{
    private const int SchemaVersion = 1;

    private static readonly Lazy<bool> Provider = new(UseSystemLibrary);

    private readonly SqliteConnection _connection;
    private readonly string _path;
    private readonly SqliteCommand _upsert;
    private readonly SqliteCommand _delete;
    private readonly SqliteCommand _mark;

    private SqliteFile(SqliteConnection connection, string path)
    {
        _connection = connection;
        _path = path;
        Prepare();
        Revision = (long)Scalar("SELECT revision FROM latest")!;
        _upsert = Command(
            "INSERT INTO objects(resource, namespace, name, revision, json) VALUES ($resource, $namespace, $name, $revision, $json) " +
            "ON CONFLICT(resource, namespace, name) DO UPDATE SET revision = excluded.revision, json = excluded.json",
            "$resource", "$namespace", "$name", "$revision", "$json");
        _delete = Command(
            "DELETE FROM objects WHERE resource = $resource AND namespace = $namespace AND name = $name", "$resource", "$namespace", "$name");
        _mark = Command("UPDATE latest SET revision = $revision", "$revision");
    }

    /// <summary>The revision of the latest committed write.</summary>
    public long Revision { get; private set; }

    /// <summary>Opens or creates the file.</summary>
    /// <exception cref="StoreException">In use, damaged, not a store, made by a newer version, or not accessible.</exception>
    public static SqliteFile Open(string path)
    {
        _ = Provider.Value;
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false, DefaultTimeout = 1 };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            return new SqliteFile(connection, path);
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw Explain(e, path);
        }
        catch (StoreException)
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Gives every object, one call per resource, sorted.</summary>
    /// <exception cref="StoreException">The file is damaged.</exception>
    public void Load(Action<string, IReadOnlyList<StoredRow>> restore)
    {
        try
        {
            using var select = Command("SELECT resource, namespace, name, revision, json FROM objects ORDER BY resource, namespace, name");
            using var reader = select.ExecuteReader();
            var rows = new List<StoredRow>();
            while (reader.Read())
            {
                var row = Row(reader);
                if (rows.Count > 0 && rows[0].Id.Resource != row.Id.Resource)
                {
                    restore(rows[0].Id.Resource, rows);
                    rows = [];
                }

                rows.Add(row);
            }

            if (rows.Count > 0)
            {
                restore(rows[0].Id.Resource, rows);
            }
        }
        catch (SqliteException e)
        {
            throw Explain(e, _path);
        }
    }

    /// <summary>Commits the changes as one transaction; a null JSON deletes.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public void Commit(IReadOnlyList<(ObjectId Id, long Revision, byte[]? Json)> changes)
    {
        try
        {
            using var transaction = _connection.BeginTransaction();
            foreach (var (id, revision, json) in changes)
            {
                Run(transaction, json is null ? _delete : _upsert, id, revision, json);
            }

            _mark.Transaction = transaction;
            _mark.Parameters[0].Value = changes[^1].Revision;
            _mark.ExecuteNonQuery();
            transaction.Commit();
            Revision = changes[^1].Revision;
        }
        catch (SqliteException e)
        {
            throw Explain(e, _path);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _upsert?.Dispose();
        _delete?.Dispose();
        _mark?.Dispose();
        _connection.Dispose();
    }

    private static void Run(SqliteTransaction transaction, SqliteCommand command, ObjectId id, long revision, byte[]? json)
    {
        command.Transaction = transaction;
        command.Parameters[0].Value = id.Resource;
        command.Parameters[1].Value = id.Namespace;
        command.Parameters[2].Value = id.Name;
        if (json is not null)
        {
            command.Parameters[3].Value = revision;
            command.Parameters[4].Value = json;
        }

        command.ExecuteNonQuery();
    }

    /// <summary>Debian's runtime package has libsqlite3.so.0 only; the AOT binary has the library linked in and never asks.</summary>
    private static bool UseSystemLibrary()
    {
        NativeLibrary.SetDllImportResolver(
            typeof(SQLite3Provider_sqlite3).Assembly,
            static (name, _, _) => name == "sqlite3" && NativeLibrary.TryLoad("libsqlite3.so.0", out var handle) ? handle : 0);
        raw.SetProvider(new SQLite3Provider_sqlite3());
        return true;
    }

    private static StoreException Explain(SqliteException e, string path) => new(
        e.SqliteErrorCode switch
        {
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => $"the store {path} is in use by another control plane; stop that one first (fairlead status, fairlead down)",
            raw.SQLITE_CORRUPT => $"the store {path} is damaged ({e.Message}); restore a copy of it, or remove the file to start with an empty cluster",
            raw.SQLITE_NOTADB => $"{path} is not a store of Fairlead's; move the file away to start with an empty cluster",
            raw.SQLITE_FULL => $"the disk of the store {path} is full; nothing was written: free some space and try again",
            raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM => $"the store {path} cannot be opened for writing: check its directory's owner and mode ({e.Message})",
            raw.SQLITE_IOERR => $"the disk of the store {path} fails ({e.Message}); nothing was written",
            _ => $"the store {path}: {e.Message}",
        },
        e);

    private void Prepare()
    {
        Execute("PRAGMA locking_mode = EXCLUSIVE");
        Execute("PRAGMA journal_mode = WAL");
        Execute("PRAGMA synchronous = NORMAL");
        var version = (long)Scalar("PRAGMA user_version")!;
        if (version > SchemaVersion)
        {
            throw new StoreException($"the store {_path} was written by a newer Fairlead (format {version}, this one reads {SchemaVersion}); use that version");
        }

        // An exclusive lock is taken by the first write only; this one makes a second opener fail here and not at its first request.
        Execute(
            $"""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS objects(
                resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, json BLOB NOT NULL,
                PRIMARY KEY (resource, namespace, name));
            CREATE TABLE IF NOT EXISTS latest(one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL);
            INSERT OR IGNORE INTO latest VALUES (1, 1);
            PRAGMA user_version = {SchemaVersion.ToString(CultureInfo.InvariantCulture)};
            COMMIT;
            """);
    }

    private StoredRow Row(SqliteDataReader reader)
    {
        var id = new ObjectId(reader.GetString(0), reader.GetString(1), reader.GetString(2));
        var json = (byte[])reader.GetValue(4);
        try
        {
            return new StoredRow(id, reader.GetInt64(3), json, JsonNode.Parse(json)!.AsObject());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new StoreException($"the store {_path} is damaged: {id} is not a JSON object; restore a copy of it, or remove the file", e);
        }
    }

    private void Execute(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

    private object? Scalar(string sql)
    {
        using var command = Command(sql);
        return command.ExecuteScalar();
    }

    private SqliteCommand Command(string sql, params string[] parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // every text is a constant of this file
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var name in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        return command;
    }
}
