using System.Buffers;
using Fairlead.ControlPlane.Registry;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>Reads whole bodies, bounded.</summary>
internal static class RequestBody
{
    /// <summary>Upstream's limit of a request: 3 MiB.</summary>
    public const int MostBytes = 3 * 1024 * 1024;

    /// <summary>The body; empty when there is none.</summary>
    /// <exception cref="StatusException">413, or 400 when it cannot be read.</exception>
    public static async Task<byte[]> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MostBytes)
        {
            throw TooLarge();
        }

        var reader = context.Request.BodyReader;
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(context.RequestAborted);
                if (result.Buffer.Length > MostBytes)
                {
                    throw TooLarge();
                }

                if (result.IsCompleted)
                {
                    var bytes = result.Buffer.ToArray();
                    reader.AdvanceTo(result.Buffer.End);
                    return bytes;
                }

                reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge();
        }
        catch (BadHttpRequestException e)
        {
            throw StatusException.BadRequest($"the body of the request cannot be read: {e.Message}");
        }
    }

    private static StatusException TooLarge() =>
        new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {MostBytes}");
}
