/* av_camera.c - FFmpeg's cameras, loaded when one is asked for.
 *
 * Linked in, libavdevice brings eighty libraries of sound servers, windows and OpenGL with it, and
 * binding them takes longer than analysing the first window does. Its header says which version
 * this program was built for, and so the name to load.
 */
#include "media/av.h"

#include "base/error.h"

#include <dlfcn.h>
#include <libavdevice/avdevice.h>

#define LIBRARY "libavdevice.so." AV_STRINGIFY(LIBAVDEVICE_VERSION_MAJOR)

const AVInputFormat *at_av_camera_format(const char *path, attune_error *err)
{
    void (*register_all)(void) = NULL;
    /* Never unloaded: FFmpeg keeps what is registered. Loading it again finds the first. */
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library)
        *(void **)(void *)&register_all = dlsym(library, "avdevice_register_all");
    if (!register_all) {
        at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: cameras need %s, which cannot be loaded", path,
                LIBRARY);
        return NULL;
    }
    register_all();
    const AVInputFormat *format = av_find_input_format("v4l2");
    if (!format)
        at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: this FFmpeg reads no cameras", path);
    return format;
}
