/* schema.h - the numbers of the fields of ONNX's messages that are written or read here (github.com/onnx/onnx,
 * onnx/onnx.proto, version 1.12), named MESSAGE_FIELD. Private to onnx.
 */
#ifndef AT_ONNX_SCHEMA_H
#define AT_ONNX_SCHEMA_H

/* What is written: the newest that Debian 12's libonnx knows. */
enum { AT_ONNX_IR = 8, AT_ONNX_OPSET = 17 };

enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER_NAME = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_DOC = 6,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    MODEL_METADATA = 14,
};
enum { OPSET_DOMAIN = 1, OPSET_VERSION = 2 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum {
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
};
enum {
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_TYPE = 4,
    NODE_ATTRIBUTE = 5,
    NODE_DOMAIN = 7
};
enum {
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_F = 2,
    ATTRIBUTE_I = 3,
    ATTRIBUTE_S = 4,
    ATTRIBUTE_T = 5,
    ATTRIBUTE_FLOATS = 7,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_TYPE = 20,
};
enum {
    ATTRIBUTE_IS_F = 1,
    ATTRIBUTE_IS_I = 2,
    ATTRIBUTE_IS_S = 3,
    ATTRIBUTE_IS_T = 4,
    ATTRIBUTE_IS_INTS = 7
};
enum {
    TENSOR_DIMS = 1,
    TENSOR_TYPE = 2,
    TENSOR_FLOATS = 4,
    TENSOR_INT32S = 5,
    TENSOR_INT64S = 7,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    TENSOR_LOCATION = 14,
};
enum { TENSOR_IS_FLOAT = 1, TENSOR_IS_INT32 = 6, TENSOR_IS_INT64 = 7, TENSOR_IS_BOOL = 9 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, VALUE_DOC = 3 };
enum { TYPE_TENSOR = 1 };
enum { TENSOR_TYPE_ELEMENT = 1, TENSOR_TYPE_SHAPE = 2 };
enum { SHAPE_DIM = 1 };
enum { DIM_VALUE = 1, DIM_SYMBOL = 2 };

#endif
