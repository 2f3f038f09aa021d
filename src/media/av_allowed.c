/* av_allowed.c - what of FFmpeg strangers' files may reach: the kinds of files and codecs that
 * people have. What is not named here is not opened, whatever FFmpeg was built with: no playlists
 * and session descriptions, which name other files and hosts, no devices, no script languages, and
 * no decoders that nobody has looked at for twenty years. */
#include "media/av.h"

#include <libavutil/avstring.h>

/* Names as FFmpeg's demultiplexers call themselves (any of a comma-separated name will do). */
#define RECORDINGS                                                                              \
    "mov,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,asf,ogg,wav,w64,aiff,au,caf,mp3,aac,flac," \
    "ac3,eac3,amr,gif,yuv4mpegpipe,h264,hevc,m4v,mjpeg,ivf,obu,mxf,dv"
#define STILLS   "png_pipe,jpeg_pipe,bmp_pipe,webp_pipe,tiff_pipe,pgm_pipe,ppm_pipe"
#define RAW      "s16le"
#define STREAMED "rtsp,rtp,mpjpeg," RECORDINGS
#define DEVICES  "video4linux2,v4l2,pulse,alsa"

#define STILL_CODECS "png,mjpeg,bmp,webp,tiff,gif,pgm,ppm"
#define SOUND_CODECS                                                                            \
    "aac,aac_latm,mp3float,mp3,mp2float,mp2,mp1float,mp1,ac3,eac3,dca,opus,libopus,vorbis,"     \
    "libvorbis,flac,alac,speex,libspeex,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,gsm,"   \
    "gsm_ms,libgsm,libgsm_ms,wmav1,wmav2,wmapro,wmavoice,nellymoser,g722,g726,g726le,pcm_alaw," \
    "pcm_mulaw,pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,"      \
    "pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_dvd,pcm_bluray,adpcm_ms,adpcm_ima_wav,"        \
    "adpcm_ima_qt,adpcm_yamaha,adpcm_swf"
#define VIDEO_CODECS                                                                          \
    "h264,hevc,libdav1d,av1,libaom-av1,vp9,libvpx-vp9,vp8,libvpx,vp6,vp6a,vp6f,mpeg4,"        \
    "mpeg2video,mpeg1video,mpegvideo,msmpeg4,msmpeg4v1,msmpeg4v2,wmv1,wmv2,wmv3,vc1,h263,"    \
    "h263p,flv,theora,svq3,cinepak,dvvideo,prores,dnxhd,ffv1,huffyuv,ffvhuff,utvideo,mjpegb," \
    "rawvideo"

const char at_av_formats[] = RECORDINGS "," STILLS "," RAW;
const char at_av_live_formats[] = STREAMED;
const char at_av_device_formats[] = DEVICES;
const char at_av_live_protocols[] = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,rtmp,rtmps,http,https,"
                                    "httpproxy,srt";
const char at_av_codecs[] = STILL_CODECS "," SOUND_CODECS "," VIDEO_CODECS;
const char at_av_probe_codecs[] = SOUND_CODECS;

const AVCodec *at_av_decoder(enum AVCodecID id)
{
    const AVCodec *codec;
    void *position = NULL;
    while ((codec = av_codec_iterate(&position)))
        if (codec->id == id && av_codec_is_decoder(codec) &&
            av_match_list(codec->name, at_av_codecs, ','))
            return codec;
    return NULL;
}
