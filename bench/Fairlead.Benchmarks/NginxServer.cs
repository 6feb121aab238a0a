using System.Diagnostics;
using System.Globalization;
using System.Text;
using Fairlead.Testing;

namespace Fairlead.Benchmarks;

/// <summary>nginx with one worker on one processor, run by hand: as the server behind, or as the reverse proxy in front of it that others are compared with.</summary>
internal sealed class NginxServer : IDisposable
{
    private readonly string _directory;
    private readonly Process _master;

    private NginxServer(string server, int processor)
    {
        _directory = Directory.CreateTempSubdirectory("fairlead-nginx").FullName;
        Configuration = Path.Combine(_directory, "conf");
        File.WriteAllText(Configuration, Frame(server));
        _master = Process.Start(new ProcessStartInfo("taskset", ["-c", $"{processor}", "nginx", "-c", Configuration, "-e", Path.Combine(_directory, "error")]))!;
    }

    /// <summary>Its configuration, a file.</summary>
    public string Configuration { get; }

    /// <summary>Its one worker.</summary>
    public Process Worker => Process.GetProcessById(int.Parse(Tool.Run("pgrep", "-P", $"{_master.Id}").Split('\n')[0], CultureInfo.InvariantCulture));

    /// <summary>Serves the files of a directory.</summary>
    public static NginxServer Files(string listen, string directory, int processor) =>
        new($"server {{ listen {listen} backlog=4096; root {directory}; }}", processor);

    /// <summary>Sends every request of some hosts on to a server; with the same headers as the ingress sets.</summary>
    public static NginxServer Proxy(string listen, string upstream, IEnumerable<string> hosts, int processor)
    {
        var text = new StringBuilder($"upstream behind {{ server {upstream}; keepalive 256; keepalive_requests 1000000; }}\n");
        text.Append("proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;\n");
        text.Append("proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Port $server_port;\n");
        text.Append("proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Scheme $scheme;\n");
        text.Append($"server {{ listen {listen} backlog=4096 default_server; return 404; }}\n");
        foreach (var host in hosts)
        {
            text.Append(CultureInfo.InvariantCulture, $"server {{ listen {listen}; server_name {host};");
            foreach (var path in IngressLoad.Paths)
            {
                text.Append(CultureInfo.InvariantCulture, $" location {path} {{ proxy_pass http://behind; }}");
            }

            text.Append(" }\n");
        }

        return new NginxServer(text.ToString(), processor);
    }

    /// <summary>Has it read its configuration anew, and waits until a new worker is there.</summary>
    public TimeSpan Reload()
    {
        using var before = Worker;
        var clock = Stopwatch.StartNew();
        Tool.Run("kill", "-HUP", $"{_master.Id}");
        while (true)
        {
            using var now = Worker;
            var workers = Tool.Run("pgrep", "-P", $"{_master.Id}").Split('\n', StringSplitOptions.RemoveEmptyEntries);
            if (workers.Any(id => id != $"{before.Id}"))
            {
                return clock.Elapsed;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tool.Run("kill", "-TERM", $"{_master.Id}");
        _master.WaitForExit();
        _master.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private string Frame(string server) =>
        $$"""
        worker_processes 1; daemon off; pid {{_directory}}/pid;
        events { worker_connections 8192; }
        http {
          access_log off; keepalive_requests 1000000; sendfile on; tcp_nopush on; server_names_hash_max_size 65536; server_names_hash_bucket_size 128;
          client_body_temp_path {{_directory}}/1; proxy_temp_path {{_directory}}/2; fastcgi_temp_path {{_directory}}/3; uwsgi_temp_path {{_directory}}/4; scgi_temp_path {{_directory}}/5;
          {{server}}
        }
        """;
}
