namespace Fairlead.Nftables.Objects;

/// <summary>Something a <see cref="Transactions.Transaction"/> can add or delete: a closed family, one sealed record per kind.</summary>
public abstract record NftObject
{
    private protected NftObject()
    {
    }

    /// <summary>Kind and name, as error messages and logs say it: <c>map services4</c>.</summary>
    public abstract string Title { get; }

    /// <summary>What is wrong with the object by itself, or null.</summary>
    internal abstract string? Problem();

    /// <summary>
    /// The kernel takes almost any bytes as a name; nft reads back only these, and so do we
    /// (<c>NFT_NAME_MAXLEN</c> is 256; interface-like short names keep listings readable).
    /// </summary>
    private protected static string? NameProblem(string kind, string name)
    {
        if (name.Length is 0 or > 127)
        {
            return $"a {kind}'s name has 1 to 127 characters";
        }

        if (!char.IsAsciiLetter(name[0]))
        {
            return $"{kind} '{name}': a name starts with a letter";
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return $"{kind} '{name}': '{c}' cannot stand in a name";
            }
        }

        return null;
    }

    /// <summary>nft ends a comment at the first quote and the kernel keeps at most 128 bytes of it.</summary>
    private protected static string? CommentProblem(string title, string comment)
    {
        if (comment.Length > 120)
        {
            return $"{title}: a comment has at most 120 characters";
        }

        foreach (var c in comment)
        {
            if (c is '"' or < ' ' or > '~')
            {
                return $"{title}: a comment has printable ASCII without quotes";
            }
        }

        return null;
    }
}
