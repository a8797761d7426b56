# Installs weft, the native command of clawft, for the user who runs this:
#
#     irm https://github.com/clawft/clawft/releases/latest/download/install.ps1 | iex
#
# The archive for Windows is downloaded from the release page, compared with its checksum, and unpacked. Variables:
#
#     WEFT_VERSION        the version, such as 0.2.0; otherwise the latest
#     WEFT_INSTALL_DIR    the directory of the program; otherwise %LOCALAPPDATA%\Programs\weft
#     WEFT_RELEASES       the address of a copy of the release pages
#     WEFT_NO_PATH        if set, the user's PATH is left as it is
#
# It needs PowerShell 5.1 or later, and tar, which Windows has since version 1803. The program finds its way into the
# PATH of this PowerShell, and of new terminals. All of the script is in a function that its last line calls: an
# incomplete download runs nothing.

function Install-Weft {
    $ErrorActionPreference = 'Stop'
    # The progress bar makes downloads slow in PowerShell 5.1.
    $ProgressPreference = 'SilentlyContinue'
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

    $target = 'x86_64-pc-windows-gnu'
    if (-not [Environment]::Is64BitOperatingSystem) {
        throw 'weft is released for 64-bit Windows only'
    }

    $releases = 'https://github.com/clawft/clawft/releases'
    if ($env:WEFT_RELEASES) { $releases = $env:WEFT_RELEASES.TrimEnd('/') }
    # Only a copy on this machine may be without TLS. A name before an @ would lead to another machine.
    if ($releases -notmatch '^(https://|http://(127\.0\.0\.1|localhost):[0-9]+(/|$))') {
        throw "WEFT_RELEASES is '$releases', which does not begin with https://"
    }
    $page = "$releases/latest/download"
    if ($env:WEFT_VERSION) { $page = "$releases/download/v$($env:WEFT_VERSION -replace '^v', '')" }
    $directory = $env:WEFT_INSTALL_DIR
    if (-not $directory) { $directory = Join-Path $env:LOCALAPPDATA 'Programs\weft' }
    $directory = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($directory)

    function Get-Release([string] $Name, [string] $To) {
        Write-Host "Downloading $page/$Name"
        try { Invoke-WebRequest -UseBasicParsing -Uri "$page/$Name" -OutFile $To }
        catch { throw "could not download $page/${Name}: $($_.Exception.Message)" }
    }

    $temporary = Join-Path ([IO.Path]::GetTempPath()) "weft-$([Guid]::NewGuid())"
    New-Item -ItemType Directory -Path $temporary | Out-Null
    try {
        # The checksums name the archive of each system, with the version.
        $sums = Join-Path $temporary 'SHA256SUMS'
        Get-Release 'SHA256SUMS' $sums
        $pattern = '^([0-9a-f]{64})  (weft-[0-9][^/ ]*-' + [Regex]::Escape($target) + '\.tar\.gz)$'
        $line = Get-Content -LiteralPath $sums | Where-Object { $_ -match $pattern } | Select-Object -First 1
        if (-not ($line -match $pattern)) { throw "$page has no archive for $target" }
        $expected = $Matches[1]
        $name = $Matches[2]
        $archive = Join-Path $temporary $name
        Get-Release $name $archive
        $found = (Get-FileHash -Algorithm SHA256 -LiteralPath $archive).Hash.ToLowerInvariant()
        if ($found -ne $expected) {
            throw "$name has the SHA-256 sum $found, and SHA256SUMS says ${expected}: nothing was installed"
        }

        tar -xzf $archive -C $temporary
        if ($LASTEXITCODE -ne 0) { throw "could not unpack $name" }
        $program = Join-Path (Join-Path $temporary ($name -replace '\.tar\.gz$', '')) 'weft.exe'
        $version = & $program --version
        if ($LASTEXITCODE -ne 0) { throw 'weft does not run on this machine: nothing was installed' }
        New-Item -ItemType Directory -Force -Path $directory | Out-Null
        $installed = Join-Path $directory 'weft.exe'
        # A program that runs cannot be overwritten, but renamed.
        if (Test-Path -LiteralPath $installed) {
            Remove-Item -LiteralPath "$installed.old" -Force -ErrorAction SilentlyContinue
            Move-Item -LiteralPath $installed -Destination "$installed.old" -Force
        }
        try { Copy-Item -LiteralPath $program -Destination $installed }
        catch {
            if (Test-Path -LiteralPath "$installed.old") { Move-Item -LiteralPath "$installed.old" -Destination $installed -Force }
            throw "could not write to ${directory}: set WEFT_INSTALL_DIR to another directory. $($_.Exception.Message)"
        }
        Remove-Item -LiteralPath "$installed.old" -Force -ErrorAction SilentlyContinue
    }
    finally {
        Remove-Item -LiteralPath $temporary -Recurse -Force -ErrorAction SilentlyContinue
    }

    Write-Host "Installed $version to $installed"
    if (-not $env:WEFT_NO_PATH) {
        # The registry has the variables in it that .NET would replace by their values.
        $key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
        $path = $key.GetValue('Path', '', 'DoNotExpandEnvironmentNames')
        if (($path -split ';') -notcontains $directory) {
            $key.SetValue('Path', (@($path, $directory) | Where-Object { $_ }) -join ';', 'ExpandString')
            # Setting a variable tells other programs that there are changes.
            [Environment]::SetEnvironmentVariable('WEFT_INSTALLED', '1', 'User')
            [Environment]::SetEnvironmentVariable('WEFT_INSTALLED', [NullString]::Value, 'User')
            Write-Host 'Added it to your PATH'
        }
        $key.Dispose()
        if (($env:Path -split ';') -notcontains $directory) { $env:Path = "$env:Path;$directory" }
    }
    Write-Host 'Set a key, such as $env:OPENAI_API_KEY, and ask: weft chat "What is a WASI component?"'
}

Install-Weft
