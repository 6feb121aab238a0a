global using Fairlead.Linux.Addresses;
global using Fairlead.Nftables.Values;
