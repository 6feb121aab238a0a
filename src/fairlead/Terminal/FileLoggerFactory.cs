using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Fairlead.Terminal;

/// <summary>Logs as lines: time, level, category, message. To a file, or to standard error when no file is named.</summary>
internal sealed class FileLoggerFactory : ILoggerFactory
{
    private readonly TextWriter _writer;
    private readonly Lock _gate = new();

    /// <summary>Opens the log; the one before is kept beside it.</summary>
    public FileLoggerFactory(string path = "")
    {
        if (path.Length == 0)
        {
            _writer = Console.Error;
            return;
        }

        if (File.Exists(path))
        {
            File.Move(path, path + ".1", overwrite: true);
        }

        // No buffer below: a line that failed must not come back with the next.
        _writer = new StreamWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0)) { AutoFlush = true };
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("there is one log");

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_writer is StreamWriter)
        {
            _writer.Dispose();
        }
    }

    /// <summary>A line that cannot be written is lost: a full disk takes the log, not what the program does.</summary>
    private void Write(string line)
    {
        try
        {
            _writer.WriteLine(line);
        }
        catch (IOException)
        {
            // Nobody to tell: this is the log.
            return;
        }
    }

    private sealed class LineLogger(FileLoggerFactory factory, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // Frameworks speak of every request at Information; ours say what happened.
        public bool IsEnabled(LogLevel logLevel) => logLevel >= (category.StartsWith("Microsoft.", StringComparison.Ordinal) ? LogLevel.Warning : LogLevel.Information);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var time = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            lock (factory._gate)
            {
                factory.Write($"{time} {logLevel} {category}: {Output.Printable(formatter(state, exception))}{(exception is null ? "" : $"\n{exception}")}");
            }
        }
    }
}
