/* The part of Windows' bcryptprimitives.dll that Rust's standard library calls, for versions of wine that lack it. */
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *data, unsigned long size);

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *data, unsigned long long size) {
    return SystemFunction036(data, (unsigned long)size);
}

int __stdcall DllMainCRTStartup(void *instance, unsigned long reason, void *reserved) { return 1; }
