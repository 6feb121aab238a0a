using System.Collections.Frozen;

namespace Fairlead.Ingress.Translate.Annotations;

/// <summary>The annotations that no option comes from: those that ask for what is done anyway, and those that nothing here does.</summary>
internal static class OtherAnnotations
{
    // What they tune does not exist here (bodies are always streamed), or they ask for what is always so.
    private static readonly FrozenSet<string> WithoutEffect = FrozenSet.Create(
        StringComparer.Ordinal,
        "affinity-canary-behavior",
        "auth-always-set-cookie",
        "auth-cache-duration",
        "auth-cache-key",
        "auth-keepalive",
        "auth-keepalive-requests",
        "auth-keepalive-share-vars",
        "auth-keepalive-timeout",
        "client-body-buffer-size",
        "enable-global-auth",
        "enable-rewrite-log",
        "http2-push-preload",
        "preserve-trailing-slash",
        "proxy-buffer-size",
        "proxy-buffering",
        "proxy-buffers-number",
        "proxy-busy-buffers-size",
        "proxy-http-version",
        "proxy-max-temp-file-size",
        "proxy-request-buffering");

    /// <summary>Takes what is left, with a finding for each that is not known.</summary>
    public static void Find(AnnotationSet set)
    {
        foreach (var name in set.Names)
        {
            var annotation = set.Take(name)!;
            if (!WithoutEffect.Contains(name))
            {
                set.Find("AnnotationUnknown", $"{AnnotationSet.Shown(annotation)} is not known here; it is ignored");
            }
        }
    }
}
